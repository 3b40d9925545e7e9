//! What students hand in, in the shapes that people really get, and in those that nobody
//! should get.

mod answers;
mod archives;
mod attempts;
mod limits;
mod people;
mod platforms;
mod shapes;
mod support;
mod takes;
