//! Exercise 05.

fn main() {
    // TODO
    eprintln!("exercise-05 is not done yet");
}
