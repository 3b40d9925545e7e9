//! The rubric of exercise 02.
