//! The rubric of exercise 07.
