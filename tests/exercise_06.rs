//! The rubric of exercise 06.
