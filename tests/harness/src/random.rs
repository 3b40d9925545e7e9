//! Texts, names, numbers and sizes that a check chooses anew in each grading, so that no program
//! can know them in advance. All of them follow from a seed, with which a grading can be repeated.

use crate::text::from_gbk;
use std::ops::RangeInclusive;

/// The seed of a test that nobody has given one.
pub const FIXED_SEED: u64 = 1;

/// What a check chooses at random. The same seed makes the same choices in the same order.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// A number within these bounds.
    pub fn number(&mut self, bounds: RangeInclusive<usize>) -> usize {
        self.0.usize(bounds)
    }

    /// A word of 2 to 30 lower-case letters.
    pub fn some_word(&mut self) -> String {
        let length = self.number(2..=30);
        self.word(length)
    }

    /// Different words.
    pub fn different_words<const N: usize>(&mut self) -> [String; N] {
        let mut index = 0;
        // Each has another length.
        let mut words = [(); N].map(|()| {
            index += 1;
            self.word(3 + index)
        });
        self.shuffle(&mut words);
        words
    }

    /// A word of this many lower-case letters.
    pub fn word(&mut self, length: usize) -> String {
        (0..length).map(|_| self.0.lowercase()).collect()
    }

    /// This many Chinese characters, each of them two bytes in GBK: those that GB 2312 calls
    /// frequent, which every codec named GBK knows.
    pub fn chinese(&mut self, length: usize) -> String {
        let bytes = (0..length).flat_map(|_| {
            let lead = self.0.u8(0xb0..=0xd6);
            [lead, self.0.u8(0xa1..=0xfe)]
        });
        from_gbk(&bytes.collect::<Vec<u8>>())
    }

    /// A sentence of this many characters, Latin and Chinese ones mixed, so that a character of
    /// two bytes may begin at any place.
    pub fn sentence(&mut self, length: usize) -> String {
        let mut character = || {
            if self.0.bool() {
                self.chinese(1)
            } else {
                self.word(1)
            }
        };
        (0..length).map(|_| character()).collect()
    }

    /// This many bytes of any value.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill(&mut bytes);
        bytes
    }

    /// Puts things into another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        self.0.shuffle(things);
    }
}

#[cfg(test)]
mod tests {
    use super::Random;
    use crate::text::gbk;

    #[test]
    fn a_seed_makes_the_same_choices() {
        let choose = |seed| {
            let mut random = Random::new(seed);
            (random.sentence(20), random.number(1..=1_000_000))
        };
        assert_eq!(choose(1), choose(1));
        assert_ne!(choose(1), choose(2));
    }

    #[test]
    fn chinese_has_two_bytes_a_character_in_gbk() {
        for seed in 0..100 {
            let text = Random::new(seed).chinese(100);
            assert_eq!(text.chars().count(), 100);
            assert_eq!(gbk(&text).len(), 200);
            assert!(text.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
        }
    }
}
