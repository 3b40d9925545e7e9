//! What a check has found.

use crate::message;
use crate::message::Message;
use crate::transcript::Failure;
use serde::{Deserialize, Serialize};

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The program does what it should.
    Passed,
    /// The program does not do what it should.
    Failed(Failure),
    /// This system or machine lacks what the check needs. It counts for nothing.
    NotChecked(Message),
    /// The machine could not run the check properly. That says nothing about the program, so
    /// there is no grade.
    NotGradable(Message),
}

impl Verdict {
    /// Why the program has failed; `None` if it has not.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Passed | Self::NotChecked(_) | Self::NotGradable(_) => None,
        }
    }
}

/// What the test function of a check returns when the program has passed: a function that returns
/// early by mistake does not compile.
#[derive(Debug)]
pub struct Passed;

/// Why a check cannot be made on this machine.
#[derive(Debug)]
pub struct NotChecked(pub Message);

/// The result of a check's test function. If the program has failed, the function does not return.
pub type Checked = Result<Passed, NotChecked>;

/// Returns only where this system has signals.
///
/// # Errors
///
/// [`NotChecked`] on other systems.
pub fn needs_signals() -> Result<(), NotChecked> {
    needs(cfg!(unix), message!("this system has no signals"))
}

/// Returns only where this machine has `::1`.
///
/// # Errors
///
/// [`NotChecked`] on other machines.
pub fn needs_ipv6() -> Result<(), NotChecked> {
    needs(crate::skip::ipv6(), message!("this machine has no ::1"))
}

/// Returns only where the harness sees the memory that a program uses.
///
/// # Errors
///
/// [`NotChecked`] on systems other than Linux.
pub fn needs_memory_figures() -> Result<(), NotChecked> {
    let why = message!("only Linux shows the memory of a program");
    needs(cfg!(target_os = "linux"), why)
}

/// Returns only if a condition of the machine holds.
///
/// # Errors
///
/// [`NotChecked`] for this reason if it does not.
pub fn needs(is_there: bool, why: Message) -> Result<(), NotChecked> {
    if is_there {
        Ok(())
    } else {
        Err(NotChecked(why))
    }
}
