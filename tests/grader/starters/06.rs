//! Exercise 06.

fn main() {
    // TODO
    eprintln!("exercise-06 is not done yet");
}
