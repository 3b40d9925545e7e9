//! Files on the disk that students have made.

use anyhow::ensure;
use encoding_rs::GBK;
use grade::failed::Failed;
use harness::message;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Opens a regular file. A link is not followed, and a pipe is not waited for.
pub(super) fn open_file(path: &Path) -> anyhow::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    let file = options.open(path)?;
    ensure!(
        file.metadata()?.is_file(),
        Failed::new(message!("it is no regular file"))
    );
    Ok(file)
}

/// The bytes of a file, and no more than one above the limit.
pub(super) fn read_file(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The name of a file of this system.
pub(super) fn name_text(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) => name.to_string(),
        None => decode(name.as_encoded_bytes()),
    }
}

/// A name that is not in UTF-8: Windows' own tools write GBK where Chinese is spoken.
pub(super) fn decode(raw: &[u8]) -> String {
    GBK.decode_without_bom_handling(raw).0.into_owned()
}
