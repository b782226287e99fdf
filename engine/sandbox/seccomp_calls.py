"""Docker's default seccomp policy as facts: which calls, under which condition. Pure; standard library only.

Source: seccomp/default.json of github.com/moby/profiles, as of October 2026, in that file's own terms: `rules` gives
its `syscalls`. One thing is closed that is open there: see SOCKETCALL.
"""

from typing import Any, Final

ALWAYS: Final = tuple(
    """
    accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_adjtime
    clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
    clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
    epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
    exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
    fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait
    futex_waitv futex_wake futimesat getcpu getcwd getdents getdents64 getegid getegid32 geteuid geteuid32 getgid
    getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
    getresgid getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage getsid getsockname getsockopt
    get_thread_area gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch io_cancel ioctl io_destroy io_getevents io_pgetevents io_pgetevents_time64
    ioprio_get ioprio_set io_setup io_submit ipc kill landlock_add_rule landlock_create_ruleset
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr listxattrat llistxattr
    _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret
    mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open
    mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget
    msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep newfstatat _newselect open openat
    openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64
    prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read
    readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr
    removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
    rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min
    sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr
    sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64
    send sendfile sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32
    setgroups setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid
    setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid setsockopt set_thread_area set_tid_address
    setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4
    sigprocmask sigreturn socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
    sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
    timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
    timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime
    utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
    """.split()
)
SOCKETCALL: Final = "socketcall"
"""Docker allows it. It hides the address family behind a pointer, where no filter sees it, so that a 32-bit program
would reach AF_ALG and AF_VSOCK by it; where AppArmor and SELinux are not there nothing else stops it. ENOSYS, and not
the default EPERM: libseccomp makes an allowing rule for it beside each one of socket(2), unless there is one before.
Since Linux 4.3 every architecture has the single calls; programs whose C library is older have no network then."""
FAMILIES_BELOW: Final = 12
FAMILIES: Final = (13, 14, 15, 16, 17, 18, 21, 22, 24, 26, 27, 28, 29, 30, 31, 32, 33, 35, 36, 39, 41, 42, 43, 44, 45)
"""Address families from AF_DECnet, 12, on that socket(2) may have: not AF_ALG, 38, nor AF_VSOCK, 40, nor those that
the kernel has lost. Source: linux/socket.h."""
PERSONALITIES: Final = (0x0, 0x8, 0x20000, 0x20008, 0xFFFF_FFFF)
"""LINUX, LINUX32, both with UNAME26, and the question which it is."""
NAMESPACES: Final = 0x7E02_0000
"""The CLONE_NEW* flags of clone(2), each of which needs CAP_SYS_ADMIN."""
_ENOSYS: Final = 38

BY_CAPABILITY: Final = {
    "CAP_DAC_READ_SEARCH": "open_by_handle_at",
    "CAP_SYS_ADMIN": """bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
        lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl
        quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare""",
    "CAP_SYS_BOOT": "reboot",
    "CAP_SYS_CHROOT": "chroot",
    "CAP_SYS_MODULE": "delete_module init_module finit_module",
    "CAP_SYS_PACCT": "acct",
    "CAP_SYS_PTRACE": "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
    "CAP_SYS_RAWIO": "iopl ioperm",
    "CAP_SYS_TIME": "settimeofday stime clock_settime clock_settime64",
    "CAP_SYS_TTY_CONFIG": "vhangup",
    "CAP_SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "CAP_SYSLOG": "syslog",
    "CAP_BPF": "bpf",
    "CAP_PERFMON": "perf_event_open",
}
BY_ARCHITECTURE: Final = {
    ("ppc64le",): "sync_file_range2 swapcontext",
    ("arm", "arm64"): "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
    ("amd64", "x32"): "arch_prctl",
    ("amd64", "x32", "x86"): "modify_ldt",
    ("s390", "s390x"): "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr",
    ("riscv64",): "riscv_flush_icache",
}
BY_KERNEL: Final = {"4.8": "process_vm_readv process_vm_writev ptrace"}
"""Since then ptrace(2) cannot get a program past its filter."""
_S390: Final = ["s390", "s390x"]
ARCHITECTURES: Final = {
    "X86_64": "X86 X32",
    "AARCH64": "ARM",
    "MIPS64": "MIPS MIPS64N32",
    "MIPS64N32": "MIPS MIPS64",
    "MIPSEL64": "MIPSEL MIPSEL64N32",
    "MIPSEL64N32": "MIPSEL MIPSEL64",
    "S390X": "S390",
    "RISCV64": "",
    "LOONGARCH64": "",
}
"""The machine's own, and those whose calls it takes too."""


def document() -> dict[str, Any]:
    """The policy in the form of Docker's files."""
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "archMap": [
            {"architecture": f"SCMP_ARCH_{own}", "subArchitectures": [f"SCMP_ARCH_{sub}" for sub in others.split()]}
            for own, others in ARCHITECTURES.items()
        ],
        "syscalls": rules(),
    }


def rules() -> list[dict[str, Any]]:
    """All of `syscalls`, conditions included."""
    return [
        {"names": [SOCKETCALL], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
        _allow(ALWAYS),
        *(_allow(names.split(), includes={"minKernel": version}) for version, names in BY_KERNEL.items()),
        _compare("socket", FAMILIES_BELOW, "SCMP_CMP_LT"),
        *(_compare("socket", family) for family in FAMILIES),
        *(_compare("personality", persona) for persona in PERSONALITIES),
        *(_allow(names.split(), includes={"arches": list(on)}) for on, names in BY_ARCHITECTURE.items()),
        *(_allow(names.split(), includes={"caps": [name]}) for name, names in BY_CAPABILITY.items()),
        *_clone(),
    ]


def _allow(names: Any, **conditions: Any) -> dict[str, Any]:
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", **conditions}


def _compare(name: str, value: int, operator: str = "SCMP_CMP_EQ", index: int = 0) -> dict[str, Any]:
    return _allow([name], args=[{"index": index, "value": value, "op": operator}])


def _clone() -> list[dict[str, Any]]:
    """Without new namespaces, whose flags are the first argument, on s390 the second.

    clone3(2) has them behind a pointer: it is not there, so that the C library takes clone(2).
    """
    unprivileged = {"caps": ["CAP_SYS_ADMIN"]}
    first, second = (_compare("clone", NAMESPACES, "SCMP_CMP_MASKED_EQ", index) for index in (0, 1))
    return [
        {**first, "excludes": {**unprivileged, "arches": _S390}},
        {**second, "includes": {"arches": _S390}, "excludes": unprivileged},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS, "excludes": unprivileged},
    ]
