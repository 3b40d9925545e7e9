//! The rubric of exercise 01.
