//! Who of the roster is meant.

use super::names::Claim;
use crate::record::Student;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// Who is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match<'a> {
    /// Just this student.
    One(&'a Student),
    /// It may be any of these.
    Several(Vec<&'a Student>),
    /// The id is the first one's, and the name is the second one's.
    Contradiction(&'a Student, &'a Student),
    /// Nobody of the roster.
    Nobody,
}

/// Finds who is meant: by the id, then by the name, then by the name with its words in
/// another order, then by an id among other words (`2021001-张三`).
pub(super) fn find<'a>(roster: &'a [Student], claim: &Claim) -> Match<'a> {
    let one_by_id = find_id(roster, &claim.id);
    let all_by_name = by_name(roster, &claim.name);
    match (one_by_id, all_by_name.as_slice()) {
        // A platform's ids are its own numbers: that of one may be the id of another.
        (Some(one), [other]) if one.id != other.id && claim.by_platform => {
            Match::Contradiction(one, other)
        }
        (Some(one), several) if claim.by_platform && !is_name_of(one, several, claim) => {
            several_or_nobody(several)
        }
        (Some(one), _) => Match::One(one),
        (None, [one]) => Match::One(one),
        (None, several) if claim.by_platform => several_or_nobody(several),
        (None, several) => {
            let words = words(&claim.name);
            let among: BTreeSet<_> = words.iter().filter_map(|id| find_id(roster, id)).collect();
            let among: Vec<_> = among.into_iter().collect();
            match among.as_slice() {
                [one] => Match::One(one),
                [] => several_or_nobody(several),
                among => several_or_nobody(among),
            }
        }
    }
}

/// Whether the name that is claimed may be that of this student, whose id is claimed, too: with
/// a word left out or misspelt, but not all of them.
fn is_name_of(student: &Student, all_by_name: &[&Student], claim: &Claim) -> bool {
    let claimed = words(&claim.name).concat();
    let is_there = |word: &String| claimed.contains(word.as_str());
    claimed.is_empty()
        || all_by_name.iter().any(|other| other.id == student.id)
        || words(&student.name).iter().any(is_there)
}

fn several_or_nobody<'a>(students: &[&'a Student]) -> Match<'a> {
    match students {
        [] => Match::Nobody,
        several => Match::Several(several.to_vec()),
    }
}

/// Whether a name that is claimed says nothing but this student's id and name.
pub(super) fn is_all_of(student: &Student, claim: &Claim) -> bool {
    let own = [words(&student.id), words(&student.name)].concat();
    let is_own = |word: &String| own.contains(word);
    words(&claim.name).iter().all(is_own)
        || find_id(std::slice::from_ref(student), &claim.id).is_some()
        || !by_name(std::slice::from_ref(student), &claim.name).is_empty()
}

/// The student who has this id. Spreadsheets take the zeros in front of a number away.
pub(super) fn find_id<'a>(roster: &'a [Student], id: &str) -> Option<&'a Student> {
    let exact = roster.iter().find(|student| student.id == id.trim());
    let equal = || roster.iter().find(|s| plain(&s.id) == plain(id));
    exact.or_else(equal).or_else(|| {
        let is_number = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        let digits = id.trim_start_matches('0');
        let mut same = roster
            .iter()
            .filter(|s| is_number && s.id.trim_start_matches('0') == digits);
        same.next().filter(|_| same.next().is_none())
    })
}

fn by_name<'a>(roster: &'a [Student], name: &str) -> Vec<&'a Student> {
    let exact: Vec<_> = roster
        .iter()
        .filter(|student| words(&student.name) == words(name))
        .collect();
    if !exact.is_empty() {
        return exact;
    }
    let orders = orders(name);
    let same = roster
        .iter()
        .filter(|student| !self::orders(&student.name).is_disjoint(&orders));
    same.collect()
}

/// A text as it is compared: composed, compatible letters made equal, in small letters.
fn plain(text: &str) -> String {
    let folded: String = text.trim().nfkc().flat_map(char::to_lowercase).collect();
    folded.nfc().collect()
}

/// The words of a name.
fn words(name: &str) -> Vec<String> {
    let plain = plain(name);
    let words = plain.split(|c: char| !c.is_alphanumeric() && !is_mark(c));
    words
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect()
}

/// Whether a character belongs to the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// The words of a name, put together in every order: of longer names, only turned round, as
/// there are too many.
fn orders(name: &str) -> BTreeSet<String> {
    let words = words(name);
    if words.len() > 4 {
        let turned = (0..words.len()).map(|n| [&words[n..], &words[..n]].concat().concat());
        return turned.collect();
    }
    let mut orders = BTreeSet::new();
    if !words.is_empty() {
        permute(&words, String::new(), &mut orders);
    }
    orders
}

fn permute(words: &[String], so_far: String, orders: &mut BTreeSet<String>) {
    if words.is_empty() {
        orders.insert(so_far);
        return;
    }
    for (index, word) in words.iter().enumerate() {
        let others = [&words[..index], &words[index + 1..]].concat();
        permute(&others, format!("{so_far}{word}"), orders);
    }
}
