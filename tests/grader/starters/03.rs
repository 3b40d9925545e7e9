//! Exercise 03.

fn main() {
    // TODO
    eprintln!("exercise-03 is not done yet");
}
