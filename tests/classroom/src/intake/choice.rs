//! Chooses the answer to each exercise among the files of a submission.

use super::contents::Answers;
use super::names::Certainty;
use super::reader::{Candidate, SubmissionReader};
use super::text::list;
use harness::message;
use harness::message::Message;
use std::collections::BTreeMap;

impl SubmissionReader<'_> {
    /// Chooses the answer to each exercise.
    pub(super) fn choose(&mut self, blocked: &[Message]) -> Answers {
        let mut chosen = BTreeMap::new();
        let mut candidates = std::mem::take(&mut self.candidates);
        for exercise in self.exercises {
            let mut candidates = candidates.remove(&exercise.number).unwrap_or_default();
            for candidate in &mut candidates {
                let is_starter = |s: &Vec<u8>| self.originals.is_starter(exercise, s);
                if candidate.source.as_ref().is_ok_and(is_starter) {
                    candidate.certainty = Certainty::Starter;
                }
            }
            if let Some(found) = self.best(candidates) {
                chosen.insert(exercise.number, found);
            } else {
                let all = Message::list(blocked.iter().cloned());
                chosen.extend(all.map(|why| (exercise.number, Err(why))));
            }
        }
        chosen
    }

    /// The surest of some files, if there is one.
    fn best(&mut self, candidates: Vec<Candidate>) -> Option<Result<Vec<u8>, Message>> {
        let surest = candidates.iter().map(|c| c.certainty).min()?;
        let (best, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.certainty == surest);
        let names = |some: &[Candidate]| {
            let paths: Vec<_> = some.iter().map(|c| c.path.clone()).collect();
            list(&paths)
        };
        let all = names(&best);
        let others: Vec<_> = others
            .into_iter()
            .filter(|other| other.certainty != Certainty::Starter)
            .collect();
        if !others.is_empty() {
            let others = names(&others);
            self.notices.push(message!(
                "these do not count beside {all}: {others}",
                all = &all,
                others
            ));
        }
        let mut best = best.into_iter();
        let first = best.next()?;
        let same =
            |other: Candidate| matches!((&first.source, &other.source), (Ok(a), Ok(b)) if a == b);
        let is_one = best.all(same);
        Some(match first.source {
            Ok(_) if !is_one => Err(message!(
                "there are several files for this exercise, and they differ: {all}",
                all
            )),
            Ok(source) if source.starts_with(b"\xff\xfe") || source.starts_with(b"\xfe\xff") => {
                Err(message!(
                    "{all} is in UTF-16, which Windows calls Unicode: save it as UTF-8",
                    all
                ))
            }
            found => found,
        })
    }
}
