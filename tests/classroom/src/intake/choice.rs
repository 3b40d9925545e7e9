//! Chooses the answer to each exercise among the files of a submission.

use super::contents::Answers;
use super::names::Certainty;
use super::reader::{Candidate, SubmissionReader};
use super::text::{list, said};
use grade::language::{Language, Text};
use std::collections::BTreeMap;

impl SubmissionReader<'_> {
    /// Chooses the answer to each exercise.
    pub(super) fn choose(&mut self, blocked: &[Text]) -> Answers {
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
            } else if !blocked.is_empty() {
                let all = |language| {
                    let whys: Vec<_> = blocked.iter().map(|why| why.get(language)).collect();
                    whys.join("; ")
                };
                let (en, zh) = (all(Language::En), all(Language::Zh));
                chosen.insert(exercise.number, Err(Text { en, zh }));
            }
        }
        chosen
    }

    /// The surest of some files, if there is one.
    fn best(&mut self, candidates: Vec<Candidate>) -> Option<Result<Vec<u8>, Text>> {
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
            self.notices.push(said!(
                "these do not count beside {all}: {others}",
                "有了 {all}，这些不计入：{others}"
            ));
        }
        let mut best = best.into_iter();
        let first = best.next()?;
        let same =
            |other: Candidate| matches!((&first.source, &other.source), (Ok(a), Ok(b)) if a == b);
        let is_one = best.all(same);
        Some(match first.source {
            Ok(_) if !is_one => Err(said!(
                "there are several files for this exercise, and they differ: {all}",
                "这个练习有几个不同的文件：{all}"
            )),
            Ok(source) if source.starts_with(b"\xff\xfe") || source.starts_with(b"\xfe\xff") => {
                Err(said!(
                    "{all} is in UTF-16, which Windows calls Unicode: save it as UTF-8",
                    "{all} 是 UTF-16 编码（Windows 称之为 Unicode）：请另存为 UTF-8"
                ))
            }
            found => found,
        })
    }
}
