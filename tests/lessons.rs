//! What holds across lessons. In one program, so that it all runs side by side.

mod ladder;
mod matrix;
mod twins;
