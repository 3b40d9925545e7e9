//! The rubric of exercise 05.
