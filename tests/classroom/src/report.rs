//! What a class, and each student in it, gets to read.
//!
//! The teacher's page has styles and scripts inside, and needs no network. The transcripts of
//! failed checks stand in files beside it, one for each student: those of 200 students would
//! be 20 MB in one page. What was expected, and what came, stands in the page for every
//! failure, once for all students who failed alike: so it tells enough alone.
//!
//! Equal records give equal files: there is no clock in here.

mod feedback;
mod gradescope;
mod junit;
mod on_wire;
mod page;
mod results;

use grade::language::Language;

pub use page::FEEDBACK;
pub use results::{ExerciseResult, Report, status_in_words};

/// A language as HTML calls it.
fn tag(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Zh => "zh-CN",
    }
}
