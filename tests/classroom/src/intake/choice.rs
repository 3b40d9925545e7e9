//! Chooses the answer to each exercise among the files of a submission.

use super::attempts::{Attempt, Chosen, choose};
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
                let is_taken = candidate.certainty == Certainty::Taken;
                if !is_taken && candidate.source.as_ref().is_ok_and(is_starter) {
                    candidate.certainty = Certainty::Starter;
                }
            }
            if let Some(found) = self.best(exercise.number, candidates) {
                chosen.insert(exercise.number, found);
            } else {
                let all = Message::list(blocked.iter().cloned());
                chosen.extend(all.map(|why| (exercise.number, Err(why))));
            }
        }
        chosen
    }

    /// The newest and surest of some files, if there is one.
    fn best(
        &mut self,
        exercise: u32,
        candidates: Vec<Candidate>,
    ) -> Option<Result<Vec<u8>, Message>> {
        let candidates = candidates.into_iter().map(|one| {
            let attempt = Attempt::of(&one.path, one.certainty, one.modified);
            (attempt, one)
        });
        let is_same = |one: &Candidate, other: &Candidate| matches!((&one.source, &other.source), (Ok(a), Ok(b)) if a == b);
        let Chosen {
            best,
            earlier,
            others,
        } = choose(candidates.collect(), is_same);
        let paths = |some: &[Candidate]| -> Vec<String> {
            let counted = some
                .iter()
                .filter(|one| one.certainty != Certainty::Starter);
            counted.map(|one| one.path.clone()).collect()
        };
        let all: Vec<_> = best.iter().map(|one| one.path.clone()).collect();
        let (earlier, others) = (paths(&earlier), paths(&others));
        self.notices.extend(ignored(&all, &earlier, &others));
        let first = best.first()?;
        if !best
            .iter()
            .all(|other| best.len() == 1 || is_same(first, other))
        {
            for path in &all {
                self.put_aside(path, Some(exercise));
            }
            return Some(Err(differing(&all)));
        }
        let first = best.into_iter().next()?;
        Some(match first.source {
            Ok(source) if source.starts_with(b"\xff\xfe") || source.starts_with(b"\xfe\xff") => {
                Err(message!(
                    "{all} is in UTF-16, which Windows calls Unicode: save it as UTF-8",
                    all = list(&all)
                ))
            }
            found => found,
        })
    }
}

/// Why nobody knows which of several files is the answer.
pub(super) fn differing(all: &[String]) -> Message {
    message!(
        "there are several files for this exercise, and they differ: {all}",
        all = list(all)
    )
}

/// What is said about files that are not the answer: those of earlier attempts, and others.
pub(super) fn ignored(best: &[String], earlier: &[String], others: &[String]) -> Vec<Message> {
    let all = list(best);
    let earlier = (!earlier.is_empty()).then(|| {
        message!(
            "{all} is the newest; these earlier attempts do not count: {others}",
            all = &all,
            others = list(earlier)
        )
    });
    let others = (!others.is_empty()).then(|| {
        message!(
            "these do not count beside {all}: {others}",
            all = &all,
            others = list(others)
        )
    });
    earlier.into_iter().chain(others).collect()
}
