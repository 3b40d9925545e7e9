//! The time that the rest of a class takes is known after a minute, within a factor of two.

use classroom::run::Estimate;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

const EXERCISES: usize = 7;

/// How many exercises are graded at a time.
const AT_A_TIME: usize = 12;

/// How long an exercise takes that is busy to the limit in some checks, in seconds.
const SLOW: f64 = 20.0;

/// A moment of a run that never was: what is known, the time since the beginning, and that until
/// the end, in seconds.
struct Moment {
    estimate: Estimate,
    elapsed: f64,
    left: f64,
}

/// A run of a class, exercise after exercise as they are done. `seconds` says how long an exercise
/// of a student takes, or that it is as before.
fn run(students: usize, seconds: impl Fn(usize, usize) -> Option<f64>) -> Vec<Moment> {
    let mut free = [0.0; AT_A_TIME];
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    // When each submission is read, and how much there is to do for it.
    let mut read = Vec::new();
    for student in 0..students {
        let to_grade: Vec<_> = (1..=EXERCISES)
            .filter_map(|n| seconds(student, n))
            .collect();
        let next = |free: &[f64; AT_A_TIME]| free.iter().copied().fold(f64::MAX, f64::min);
        read.push((next(&free), to_grade.len()));
        for time in to_grade {
            let first = next(&free);
            let place = free
                .iter()
                .position(|at| *at <= first)
                .expect("one is first");
            begins.push(first);
            free[place] = first + time;
            ends.push(free[place]);
        }
    }
    let last = ends.iter().copied().fold(0.0, f64::max);
    let until = |all: &[f64], now: f64| all.iter().filter(|at| **at <= now).count();
    let moment = |now: f64| {
        let opened: Vec<_> = read.iter().filter(|(at, _)| *at <= now).collect();
        Moment {
            estimate: Estimate {
                submissions: students,
                opened: opened.len(),
                exercises: opened.iter().map(|(_, to_grade)| to_grade).sum(),
                started: until(&begins, now),
                done: until(&ends, now),
            },
            elapsed: now,
            left: last - now,
        }
    };
    ends.iter().map(|end| moment(*end)).collect()
}

/// A number from 0 to 99 that depends on all that is given, and looks like chance.
fn dice(student: usize, exercise: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    (student, exercise).hash(&mut hasher);
    usize::try_from(hasher.finish() % 100).expect("it is small")
}

/// How long an exercise takes: most are done in some seconds, and some are busy to their limits.
fn seconds(student: usize, exercise: usize) -> f64 {
    match dice(student, exercise) {
        chance @ 0..95 => 1.0 + f64::from(u32::try_from(chance).expect("it is small")) / 20.0,
        _ => SLOW,
    }
}

#[track_caller]
fn assert_within_a_factor_of_two(moments: &[Moment]) {
    // In the last minute all hangs on how slow the last exercise is, which nobody knows.
    let middle = moments.iter();
    let middle = middle.filter(|moment| moment.elapsed >= 60.0 && moment.left >= 60.0);
    let mut count = 0;
    for Moment {
        estimate,
        elapsed,
        left,
    } in middle
    {
        let guess = estimate.left(Duration::from_secs_f64(*elapsed));
        let guess = guess.expect("something is done").as_secs_f64();
        let is_right = (left / 2.0..=left * 2.0).contains(&guess);
        assert!(
            is_right,
            "{guess} s instead of {left} s after {elapsed} s: {estimate:?}"
        );
        count += 1;
    }
    assert!(count > 100, "{count} moments only");
}

#[test]
fn of_a_whole_class() {
    assert_within_a_factor_of_two(&run(100, |student, exercise| {
        Some(seconds(student, exercise))
    }));
}

#[test]
fn of_a_class_of_which_most_are_as_before() {
    assert_within_a_factor_of_two(&run(600, |student, exercise| {
        (dice(student, 0) < 20).then(|| seconds(student, exercise))
    }));
}

#[test]
fn the_first_exercise_that_is_done_does_not_stand_for_all_beside_it() {
    let moments = run(100, |student, exercise| {
        Some(if (student, exercise) == (0, 1) {
            4.0
        } else {
            5.0
        })
    });
    let first = &moments[0];
    let guess = first.estimate.left(Duration::from_secs_f64(first.elapsed));
    let guess = guess.expect("something is done").as_secs_f64();
    assert!(
        (first.left / 2.0..=first.left * 2.0).contains(&guess),
        "{guess}, {}",
        first.left
    );
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    let nothing = Estimate {
        submissions: 10,
        ..Estimate::default()
    };
    assert_eq!(nothing.left(Duration::from_secs(1)), None);
    // All are as before.
    let all = Estimate {
        opened: 10,
        ..nothing
    };
    assert_eq!(all.left(Duration::from_secs(1)), Some(Duration::ZERO));
    let done = Estimate {
        exercises: 20,
        started: 20,
        done: 20,
        ..all
    };
    assert_eq!(done.left(Duration::from_secs(60)), Some(Duration::ZERO));
}
