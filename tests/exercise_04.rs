//! The rubric of exercise 04.
