//! A stdout that nobody reads.

use rustix::fs::{CWD, Mode, OFlags, mkfifoat, open};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};

/// A pipe with a name, for a stdout that is read when the test wants to, or never.
pub(crate) struct Fifo {
    path: String,
    pipe: OwnedFd,
}

impl Fifo {
    pub(crate) fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("stdout-{}-{number}", std::process::id());
        let path = std::env::temp_dir()
            .join(name)
            .to_string_lossy()
            .into_owned();
        mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).expect("there can be a pipe");
        // Open for both, so that opening waits for nobody.
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let pipe = open(&path, flags, Mode::empty()).expect("the pipe can be opened");
        Self { path, pipe }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The first line, if it has come.
    pub(crate) fn line(&self) -> Option<String> {
        let mut bytes = [0; 256];
        let length = rustix::io::read(&self.pipe, &mut bytes).ok()?;
        Some(
            String::from_utf8_lossy(&bytes[..length])
                .trim_end()
                .to_string(),
        )
    }

    /// Writes until not a single byte more fits.
    pub(crate) fn fill(&self) {
        for size in [4096, 1] {
            let bytes = vec![b'x'; size];
            while rustix::io::write(&self.pipe, &bytes).is_ok() {}
        }
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = std::fs::remove_file(&self.path);
    }
}
