//! The filter of system calls (seccomp) for students' programs.
//!
//! It removes system calls that escape the limits of the sandbox: memory that belongs to no
//! process (`memfd_create`, System V shared memory), namespaces in which a program could mount
//! file systems without a limit, sessions, and calls that only debuggers and administrators need.
//! They fail as if the kernel did not have them, and libraries then fall back to other calls.

/// The filter in the kernel's format; empty if the system call numbers of this processor are not
/// known.
pub(super) fn filter() -> anyhow::Result<Vec<u8>> {
    #[cfg(target_os = "linux")]
    {
        linux::filter()
    }
    #[cfg(not(target_os = "linux"))]
    Ok(Vec::new())
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::failed::Because;
    use harness::message;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    /// The removed system calls.
    const TAKEN_AWAY: [libc::c_long; 22] = [
        // Memory that belongs to no process.
        libc::SYS_memfd_create,
        libc::SYS_memfd_secret,
        libc::SYS_shmget,
        libc::SYS_msgget,
        libc::SYS_semget,
        libc::SYS_io_uring_setup,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        // Namespaces and mounts. `clone3` takes its flags in memory, where a filter cannot see
        // them; without it libraries call `clone`.
        libc::SYS_clone3,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_fsopen,
        // Other processes.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        // A share of the processors: the kernel shares them out among sessions first
        // (`kernel.sched_autogroup_enabled`), so each new session would take as much as a whole
        // other program.
        libc::SYS_setsid,
        // The kernel.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
    ];

    /// All flags of `clone` that create a namespace (`CLONE_NEW*`).
    const NAMESPACES: [libc::c_int; 7] = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];

    /// The bit that marks the x32 variants of the system calls on an x86-64 kernel.
    const X32: i64 = 0x4000_0000;

    #[allow(
        clippy::useless_conversion,
        reason = "`c_long` has 32 bits on some systems"
    )]
    pub(super) fn filter() -> anyhow::Result<Vec<u8>> {
        let Ok(processor) = TargetArch::try_from(std::env::consts::ARCH) else {
            return Ok(Vec::new());
        };
        // Add one rule for each flag: the call matches if any rule does.
        let namespaces: Vec<SeccompRule> = NAMESPACES
            .iter()
            .map(|&flag| {
                let flag = u64::from(flag.cast_unsigned());
                let is_set = SeccompCondition::new(
                    0,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::MaskedEq(flag),
                    flag,
                )?;
                SeccompRule::new(vec![is_set])
            })
            .collect::<Result<_, _>>()?;
        let mut rules: Vec<(i64, Vec<SeccompRule>)> = TAKEN_AWAY
            .iter()
            .map(|&call| (i64::from(call), Vec::new()))
            .collect();
        rules.push((i64::from(libc::SYS_clone), namespaces));
        // Sockets to the host of a virtual machine: no network namespace holds them back.
        let family = u64::from(libc::AF_VSOCK.cast_unsigned());
        let is_vsock = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)
            .and_then(|is_vsock| SeccompRule::new(vec![is_vsock]))
            .because(|| message!("cannot make the filter of system calls"))?;
        rules.push((i64::from(libc::SYS_socket), vec![is_vsock]));
        if cfg!(target_arch = "x86_64") {
            let again: Vec<_> = rules
                .iter()
                .map(|(call, rules)| (call | X32, rules.clone()))
                .collect();
            rules.extend(again);
        }
        let filter = SeccompFilter::new(
            rules.into_iter().collect(),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
            processor,
        )
        .and_then(BpfProgram::try_from)
        .because(|| message!("cannot make the filter of system calls"))?;
        Ok(filter
            .iter()
            .flat_map(|instruction| {
                let [code, more] = instruction.code.to_ne_bytes();
                let [a, b, c, d] = instruction.k.to_ne_bytes();
                [code, more, instruction.jt, instruction.jf, a, b, c, d]
            })
            .collect())
    }
}
