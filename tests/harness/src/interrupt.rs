//! Signals that ask this program to end. It first ends what it has started, and removes its files.

use crate::message;
use std::io;
#[cfg(unix)]
pub use system::{asked_to_end, heed_signals};

/// Other systems end a program without asking it.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn heed_signals() -> io::Result<()> {
    Ok(())
}

/// The signal that has asked this program to end: none on this system.
#[cfg(not(unix))]
pub fn asked_to_end() -> Option<i32> {
    None
}

/// The error of a wait that was given up because this program was asked to end.
pub(crate) fn interrupted() -> io::Error {
    let why = message!("this program was asked to end");
    io::Error::new(io::ErrorKind::Interrupted, why)
}

#[cfg(unix)]
mod system {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use std::io;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, OnceLock};

    /// The number of the signal; 0 before there was one.
    static SIGNAL: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

    /// From now on SIGINT, SIGTERM and SIGHUP let this program end by itself: waits for children
    /// fail, so that all that was started is ended and all temporary files are removed on the
    /// way out. A second signal ends it at once. A signal that is ignored, as SIGHUP under `nohup`,
    /// stays ignored.
    ///
    /// # Errors
    ///
    /// If the system does not accept a handler.
    pub fn heed_signals() -> io::Result<()> {
        let signal = SIGNAL.get_or_init(Arc::default);
        let is_second = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            if is_ignored(number) {
                continue;
            }
            // Handlers run in the order of registration: the first signal only sets both flags.
            flag::register_conditional_default(number, Arc::clone(&is_second))?;
            flag::register(number, Arc::clone(&is_second))?;
            let value = usize::try_from(number).unwrap_or_default();
            flag::register_usize(number, Arc::clone(signal), value)?;
        }
        Ok(())
    }

    /// The signal that has asked this program to end, if there was one.
    pub fn asked_to_end() -> Option<i32> {
        let number = SIGNAL.get()?.load(Ordering::SeqCst);
        i32::try_from(number).ok().filter(|number| *number != 0)
    }

    /// Whether this process ignores a signal, as its parent has decided.
    #[cfg(target_os = "linux")]
    fn is_ignored(number: i32) -> bool {
        let own = procfs::process::Process::myself().and_then(|own| own.status());
        own.is_ok_and(|status| status.sigign & (1 << (number - 1)) != 0)
    }

    /// Only Linux shows it.
    #[cfg(not(target_os = "linux"))]
    fn is_ignored(_number: i32) -> bool {
        false
    }
}
