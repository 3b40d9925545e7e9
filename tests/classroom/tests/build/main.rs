//! Students' files are compiled in a clean tree and in a sandbox, whatever is in them. The
//! workspace is a small one, without dependencies, which is built in seconds; the real one
//! is in the tests of package `answers`.
#![cfg(target_os = "linux")]

mod sources;
mod support;
mod tree;
