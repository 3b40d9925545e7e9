//! What holds across the lessons. It is one program, so that all of it runs side by side.

mod matrix;
mod previous_lesson;
mod twins;
