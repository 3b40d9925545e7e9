//! The filter of system calls (seccomp) for students' programs.
//!
//! It takes away what escapes the limits of the sandbox: memory that belongs to no process
//! (`memfd_create`, shared memory of System V), namespaces in which a program could mount file
//! systems without a limit, and what only debuggers and administrators need. To a program
//! these are system calls that the kernel does not have: libraries have another way then.

/// The filter as the kernel takes it; nothing where it is not known how the processor numbers
/// system calls.
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
    use anyhow::Context;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch,
    };

    /// System calls that are not there.
    const TAKEN_AWAY: [libc::c_long; 21] = [
        // Memory without a process.
        libc::SYS_memfd_create,
        libc::SYS_memfd_secret,
        libc::SYS_shmget,
        libc::SYS_msgget,
        libc::SYS_semget,
        libc::SYS_io_uring_setup,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        // Namespaces and mounts. `clone3` hides its flags in memory, where no filter sees
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
        // The kernel.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
    ];

    /// The flags of `clone` that make a namespace (`CLONE_NEW*`), each of them.
    const NAMESPACES: [libc::c_int; 7] = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
    ];

    /// The bit that an x86-64 kernel may know the same calls by once more (x32).
    const X32: i64 = 0x4000_0000;

    #[allow(
        clippy::useless_conversion,
        reason = "`c_long` has 32 bits on some systems"
    )]
    pub(super) fn filter() -> anyhow::Result<Vec<u8>> {
        let Ok(processor) = TargetArch::try_from(std::env::consts::ARCH) else {
            return Ok(Vec::new());
        };
        // A rule for each flag: the call matches if one of them does.
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
        .context("cannot make the filter of system calls")?;
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
