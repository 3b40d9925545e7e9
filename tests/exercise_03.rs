//! The rubric of exercise 03.
