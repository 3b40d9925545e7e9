//! Right and wrong answers to the exercises.
