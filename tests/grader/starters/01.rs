//! Exercise 01.

fn main() {
    // TODO
    eprintln!("exercise-01 is not done yet");
}
