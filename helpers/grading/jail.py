"""Outside the jail: starts the server in bubblewrap and holds the conversations with its jobs.

What a job can reach: the interpreter and its packages, read only; a folder of its own of 64 MB that ends with it; no network, no other
process, no user's rights.  What ends a job: its own end, its limits, `close`, and the death of this process, because then the
descriptors that keep it alive are closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from helpers.checks.runner import LINE_BYTES, WARM_SECONDS, JobError
from helpers.grading import lockdown
from helpers.language import Text

START_SECONDS = 180.0
END_SECONDS = 30.0
CPU_SECONDS = 600
"""A job's processor time, far above what a right answer takes; the limits of cells and calls are in wall time."""
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
MARK = "RETENTION_GRADER"
"""Whatever runs in a jail carries in its environment, by this name, the process that built it."""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "HOME": lockdown.FOLDER, "TMPDIR": lockdown.FOLDER, "LANG": "C.UTF-8", "PYTHONPATH": "/app",
    "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # One thread each: a second core serves another job, and the server must have no thread when it forks.
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
}

NO_BWRAP = Text("bubblewrap is not installed; on Debian or Ubuntu: apt install bubblewrap",
                "没有安装 bubblewrap；Debian 或 Ubuntu 上请运行 apt install bubblewrap")
NOT_LINUX = Text("the jail needs Linux", "隔离环境需要 Linux")
OLD_LINUX = Text("the jail needs Linux 5.14 or later, this is {release}", "隔离环境需要 Linux 5.14 或更高版本，本机为 {release}")
OTHER_PROCESSOR = Text("the jail knows {known}, not {processor}", "隔离环境支持 {known}，不支持 {processor}")
FAILS = Text("bubblewrap does not work here: {why}", "bubblewrap 在本机无法工作：{why}")
LEAKS = Text("the jail does not hold here: {what}", "隔离环境在本机不可靠：{what}")


class JailError(RuntimeError):
    """The jail cannot be built, or broke down; the message says why."""


class Jail:
    """A warm server in bubblewrap with room for so many jobs at a time.  Thread safe; a context manager."""

    def __init__(self, modules: Sequence[str] = (), slots: int = 1):
        """Start the server and wait until it has imported the modules.  JailError if it cannot."""
        why = _unfit()
        if why:
            raise JailError(str(why))
        self._free: queue.Queue[int] = queue.Queue()
        self._ended: list[queue.Queue] = [queue.Queue() for _ in range(slots)]
        for slot in range(slots):
            self._free.put(slot)
        self._sending = threading.Lock()
        self._log = tempfile.TemporaryFile()        # noqa: SIM115 (closed with the jail)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(_command(theirs.fileno(), modules), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                                             stdout=self._log, stderr=self._log, cwd="/")
        self._control.settimeout(START_SECONDS)
        try:
            ready = json.loads(self._control.recv(4096) or b"null")
        except (TimeoutError, OSError, ValueError):
            ready = None
        if not isinstance(ready, dict):
            raise JailError(str(FAILS.format(why=self._end())))
        if ready["threads"] != 1:
            self._end()
            raise JailError(f"the server has {ready['threads']} threads and cannot fork: one of {', '.join(modules)} starts them on import")
        self.megabytes = ready["kilobytes"] / 1024
        self._control.settimeout(None)
        threading.Thread(target=self._hear, daemon=True).start()

    def __enter__(self) -> Jail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and with it whatever still runs in the jail."""
        self._end()

    @contextlib.contextmanager
    def job(self) -> Iterator[_Talk]:
        """A new job's conversation.  When this returns, nothing of the job is left.  JailError if the server broke down."""
        slot = self._free.get()
        ours, theirs = socket.socketpair()
        lifeline, cut = os.pipe()
        try:
            try:
                with self._sending:
                    order = json.dumps({"slot": slot, "cpu_seconds": CPU_SECONDS}).encode()
                    socket.send_fds(self._control, [order], [theirs.fileno(), lifeline])
            except OSError:
                raise JailError(str(FAILS.format(why=self._end()))) from None
            finally:
                theirs.close()
                os.close(lifeline)
            try:
                yield _Talk(ours)
            finally:
                ours.close()
                os.close(cut)
                cut = None
                try:
                    code = self._ended[slot].get(timeout=END_SECONDS)
                except queue.Empty:
                    code = None
                if code is None or code == lockdown.FAILED:
                    raise JailError(str(FAILS.format(why=self._end())))
        finally:
            if cut is not None:
                os.close(cut)
            self._free.put(slot)

    def _hear(self) -> None:
        """Pass on which job ended; when the server is gone, tell all."""
        while True:
            try:
                told = json.loads(self._control.recv(4096) or b"null")
            except (OSError, ValueError):
                told = None
            if not isinstance(told, dict):
                for waiting in self._ended:
                    waiting.put(None)
                return
            self._ended[told["slot"]].put(told["code"])

    def _end(self) -> str:
        """End the server; the last thing it said."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._process.kill()
        self._process.wait()
        if self._log.closed:
            return "it was closed"
        self._log.seek(0)
        said = self._log.read()[-4000:].decode(errors="replace").strip().splitlines()
        self._log.close()
        return said[-1] if said else f"exit code {self._process.returncode}"


class _Talk:
    """One end of a conversation with a job (`helpers.checks.runner.Job`)."""

    slack = WARM_SECONDS

    def __init__(self, ours: socket.socket):
        self._socket = ours
        self._read = bytearray()

    def send(self, line: bytes) -> None:
        # A job that does not read must not hold the grader: the longest request is written in no time by one that does.
        self._socket.settimeout(60.0)
        try:
            self._socket.sendall(line)
        except TimeoutError:
            raise JobError("time") from None
        except OSError:
            raise JobError("ended") from None

    def receive(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        searched = 0
        while (end := self._read.find(b"\n", searched)) < 0:
            searched = len(self._read)
            if searched > LINE_BYTES:
                raise JobError("damaged")
            left = deadline - time.monotonic()
            if left <= 0:
                raise JobError("time")
            self._socket.settimeout(left)
            try:
                more = self._socket.recv(1 << 20)
            except TimeoutError:
                raise JobError("time") from None
            except OSError:
                more = b""
            if not more:
                raise JobError("ended")
            self._read += more
        line = bytes(self._read[: end + 1])
        del self._read[: end + 1]
        return line


def _unfit() -> Text | None:
    """Why this machine cannot have a jail, as far as can be told without trying."""
    if not sys.platform.startswith("linux"):
        return NOT_LINUX
    if platform.machine() not in lockdown.PROCESSORS:
        return OTHER_PROCESSOR.format(known=" and ".join(lockdown.PROCESSORS), processor=platform.machine())
    release = platform.release()
    if tuple(int(part) for part in release.split("-")[0].split(".")[:2]) < (5, 14):     # before, RLIMIT_NPROC counts all of a user's
        return OLD_LINUX.format(release=release)
    return None if shutil.which("bwrap") else NO_BWRAP


def _command(control: int, modules: Sequence[str]) -> list[str]:
    """The bubblewrap command that starts the server."""
    package = Path(__file__).resolve().parent.parent
    bound = [(path, path) for path in SYSTEM if os.path.exists(path)]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not Path(prefix).is_relative_to("/usr"):
            bound.append((prefix, prefix))
    root = os.geteuid() == 0
    command = [shutil.which("bwrap"), "--perms", "0755", "--tmpfs", "/", "--perms", "0755", "--dir", "/app", "--perms", "0755", "--tmpfs",
               lockdown.FOLDER]
    made = {"/", "/app", lockdown.FOLDER}
    for source, target in [*bound, (str(package), "/app/helpers"), *((device, device) for device in DEVICES)]:
        for parent in reversed(Path(target).parents):
            if str(parent) not in made:
                command += ["--perms", "0755", "--dir", str(parent)]
                made.add(str(parent))
        if os.path.islink(source):
            command += ["--symlink", os.readlink(source), target]
        else:
            command += ["--dev-bind" if source in DEVICES else "--ro-bind", source, target]
            made.add(target)
    command += ["--proc", "/proc", "--remount-ro", "/"]
    if root:
        # Each job becomes a real user of its own; in a user namespace it would be root underneath, and root's processes are not counted.
        command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL",
                    "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-all", "--cap-drop", "ALL"]
    command += ["--new-session", "--clearenv"]
    for name, value in {**ENVIRONMENT, MARK: str(os.getpid())}.items():
        command += ["--setenv", name, value]
    first = str(lockdown.FIRST_UID) if root else "same"
    # By its path and not by `-m`, which would import the whole package before the server's first line.
    return [*command, sys.executable, "-P", "-s", "/app/helpers/grading/server.py", str(control), first, *modules]


# What a job must not be able to do, tried by a job: each line of PROBE is an attempt that has to fail.
PROBE = {
    "it can start a process": "import os; os.fork() or os._exit(0)",
    "it can run a program": "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "it can open a socket": "import socket; socket.socket()",
    "it sees other processes": "import os; [name for name in os.listdir('/proc') if name.isdigit()][0]",
    "it can write outside its folder": "open('/app/x', 'w')",
    "it can write to the interpreter": "import os; open(os.__file__, 'a')",
    "it can become root": "import os; os.setuid(0) if os.getuid() else 1 / 0",
}


def refusal() -> Text | None:
    """Why this machine cannot grade, or None: a job is started and tries to break out."""
    why = _unfit()
    if why:
        return why
    try:
        with Jail() as jail, jail.job() as job:
            cells = [[what, source] for what, source in PROBE.items()]
            job.send(json.dumps({"cells": cells}).encode() + b"\n")
            failed = json.loads(job.receive(START_SECONDS))["cell_errors"]
    except (JailError, JobError) as error:
        return FAILS.format(why=error) if isinstance(error, JobError) else Text(str(error), str(error))
    held_not = [what for what in PROBE if what not in failed]
    return LEAKS.format(what=", ".join(held_not)) if held_not else None
