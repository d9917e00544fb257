"""Inside the jail: how one job is shut off before it reads its first byte.

The server (`server.py`) forks a guard for each job.  The guard becomes a user of its own, goes into namespaces of its own and forks
the job, which takes on limits, gives up every privilege and passes a filter of system calls.  The guard stays outside, where the job
cannot see it, and ends the job when its lifeline is cut.

Only the standard library, called through libc: this runs before anything of a learner's and must not depend on what they could touch.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import select
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path

FIRST_UID = 60_000
"""On a host that runs this as root, each job is a real user of its own: the kernel counts no processes of root's."""
FOLDER = "/job"
FOLDER_BYTES = 64 * 2**20
FILE_BYTES = 32 * 2**20
MEMORY_BYTES = 2 * 2**30
"""Address space on top of what the server holds already."""
TASKS = 256
OPEN_FILES = 128

FAILED = 70
"""Exit code of a guard that could not lock its job in: nothing of the job has run."""

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET, _CLONE_THREAD = 0x20000000, 0x40000000, 0x00010000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 32, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
_LAST_CAPABILITY = 63

# System calls that a job is refused, by the numbers of the two processors TensorFlow has wheels for.  New processes, programs and
# sockets; looking into others; namespaces and mounts; memory that no limit counts; doors into the kernel that nothing here needs.
_REFUSED = {
    "x86_64": {
        "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "socket": 41, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "pidfd_open": 434, "pidfd_getfd": 438, "unshare": 272, "setns": 308, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
        "mount_setattr": 442, "name_to_handle_at": 303, "open_by_handle_at": 304, "memfd_create": 319, "memfd_secret": 447, "shmget": 29,
        "msgget": 68, "semget": 64, "mq_open": 240, "add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321,
        "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
        "kexec_load": 246, "init_module": 175, "finit_module": 313, "delete_module": 176,
    },
    "aarch64": {
        "execve": 221, "execveat": 281, "socket": 198, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "pidfd_open": 434, "pidfd_getfd": 438, "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "mount_setattr": 442,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186,
        "semget": 190, "mq_open": 180, "add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241,
        "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "kexec_load": 104,
        "init_module": 105, "finit_module": 273, "delete_module": 106,
    },
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESSORS = tuple(_REFUSED)

_libc = ctypes.CDLL(None, use_errno=True)


def hide() -> None:
    """Keep this process from being looked into by others of its user."""
    _prctl(_PR_SET_DUMPABLE, 0)


def guard(uid: int | None, lifeline: int, cpu_seconds: int, job: Callable[[], None]) -> int:
    """Run `job` shut off in namespaces of its own and wait for it; the exit code.  Called in a forked process that does nothing else.

    uid: the user the job becomes, None to stay who we are (a host that is not root).  lifeline: a descriptor; when its other end is
    closed, the job is killed.  OSError where the kernel refuses a step: nothing of the job has run then.
    """
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    me, group = os.getuid(), os.getgid()
    held_bytes = os.sysconf("SC_PAGE_SIZE") * int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _prctl(_PR_SET_DUMPABLE, 1)         # else our own entries under /proc belong to root, and the maps cannot be written
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWNET | _CLONE_NEWUTS)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{me} {me} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    _prctl(_PR_SET_DUMPABLE, 0)
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            os.close(lifeline)
            _shut(cpu_seconds, held_bytes)
            code = 0
            job()
        finally:
            os._exit(code)
    return _watch(child, lifeline)


def _watch(child: int, lifeline: int) -> int:
    """Wait until the job ends, or kill it when the lifeline is cut.  The kernel ends all that is left in its namespace."""
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([ended, lifeline], [], [])
    if ended not in ready:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _shut(cpu_seconds: int, held_bytes: int) -> None:
    """In the job: folders, limits, privileges and system calls, in this order; the last step forbids the earlier ones."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", FOLDER, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, f"size={FOLDER_BYTES},nr_inodes=4096,mode=0700")
    # A /proc that tells of nobody: of all its entries TensorFlow wants two, the interpreter's path and name.
    hidden = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    _mount("tmpfs", "/proc", "tmpfs", hidden, "size=4096,nr_inodes=8")
    os.mkdir("/proc/self")
    os.symlink(sys.executable, "/proc/self/exe")
    Path("/proc/self/cmdline").write_text(f"{sys.executable}\0", encoding="utf-8")
    _mount("tmpfs", "/proc", "tmpfs", hidden | _MS_REMOUNT | _MS_RDONLY)
    os.chdir(FOLDER)
    for what, limit in ((resource.RLIMIT_AS, held_bytes + MEMORY_BYTES), (resource.RLIMIT_CPU, cpu_seconds),
                        (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_NPROC, TASKS), (resource.RLIMIT_NOFILE, OPEN_FILES),
                        (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (limit, limit))
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)      # EINVAL past the last one this kernel knows
    header, none = struct.pack("II", 0x20080522, 0), bytes(24)
    _call("capset", header, none)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _filter_calls()


def _filter_calls() -> None:
    """Install the filter: refused calls fail with EPERM, threads are allowed, new processes are not."""
    machine = platform.machine()
    load, jump_equal, jump_least, jump_set, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown, kill = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38, 0x80000000
    steps = [(load, 0, 0, 4), (jump_equal, 1, 0, _AUDIT[machine]), (give, 0, 0, kill), (load, 0, 0, 0)]
    # x86's third numbering of the same calls.
    steps += [(jump_least, 0, 1, 0x40000000), (give, 0, 0, kill)]
    # clone3 hides its flags from a filter: "not implemented" makes libc fall back to clone.
    steps += [(jump_equal, 0, 1, _CLONE3), (give, 0, 0, unknown)]
    for number in _REFUSED[machine].values():
        steps += [(jump_equal, 0, 1, number), (give, 0, 0, refuse)]
    steps += [(jump_equal, 0, 4, _CLONE[machine]), (load, 0, 0, 16), (jump_set, 1, 0, _CLONE_THREAD), (give, 0, 0, refuse),
              (give, 0, 0, allow), (give, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

    pointer = Program(len(steps), ctypes.cast(program, ctypes.c_void_p))
    _prctl(_PR_SET_SECCOMP, 2, ctypes.addressof(pointer))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    _call("mount", source and source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), options.encode())


def _prctl(option: int, value: int, third: int = 0) -> None:
    _call("prctl", option, ctypes.c_ulong(value), ctypes.c_ulong(third), ctypes.c_ulong(0), ctypes.c_ulong(0))


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
