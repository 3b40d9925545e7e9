//! Exercise 07.

fn main() {
    // TODO
    eprintln!("exercise-07 is not done yet");
}
