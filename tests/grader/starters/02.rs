//! Exercise 02.

fn main() {
    // TODO
    eprintln!("exercise-02 is not done yet");
}
