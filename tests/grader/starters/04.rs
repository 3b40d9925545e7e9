//! Exercise 04.

fn main() {
    // TODO
    eprintln!("exercise-04 is not done yet");
}
