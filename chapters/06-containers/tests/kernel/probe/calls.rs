//! Numbers of calls by their names.

/// As this processor has them; a number is itself.
pub fn number_of(name: &str) -> i64 {
    match name {
        "acct" => libc::SYS_acct,
        "add_key" => libc::SYS_add_key,
        "bpf" => libc::SYS_bpf,
        "chroot" => libc::SYS_chroot,
        "delete_module" => libc::SYS_delete_module,
        #[cfg(target_arch = "x86_64")]
        "iopl" => libc::SYS_iopl,
        "clock_settime" => libc::SYS_clock_settime,
        "clone3" => libc::SYS_clone3,
        "fsopen" => libc::SYS_fsopen,
        "getpriority" => libc::SYS_getpriority,
        "getpid" => libc::SYS_getpid,
        "io_uring_setup" => libc::SYS_io_uring_setup,
        "kcmp" => libc::SYS_kcmp,
        "kexec_load" => libc::SYS_kexec_load,
        "keyctl" => libc::SYS_keyctl,
        "mbind" => libc::SYS_mbind,
        "mount" => libc::SYS_mount,
        "open_by_handle_at" => libc::SYS_open_by_handle_at,
        "open_tree" => libc::SYS_open_tree,
        "perf_event_open" => libc::SYS_perf_event_open,
        "personality" => libc::SYS_personality,
        "pidfd_getfd" => libc::SYS_pidfd_getfd,
        "reboot" => libc::SYS_reboot,
        "sched_yield" => libc::SYS_sched_yield,
        "setns" => libc::SYS_setns,
        "setpriority" => libc::SYS_setpriority,
        "socket" => libc::SYS_socket,
        "swapon" => libc::SYS_swapon,
        "syslog" => libc::SYS_syslog,
        "unshare" => libc::SYS_unshare,
        "userfaultfd" => libc::SYS_userfaultfd,
        "vhangup" => libc::SYS_vhangup,
        number => super::number(number),
    }
}
