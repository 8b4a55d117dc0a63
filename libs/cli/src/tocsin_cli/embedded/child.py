"""A child process that dies with its parent, however the parent dies."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tocsin_cli.embedded.account import Account
from tocsin_cli.embedded.watchdog import Watchdog

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """One running program, its output appended to a log file.

    It has a process group of its own, so that ^C in a terminal reaches the parent alone, which
    then stops its children in order.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        directory: Path,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals | None = None,
    ) -> None:
        """Start the program.

        Args:
            command: the program's path and arguments.
            log: where standard output and error are appended.
            environment: all of the program's environment.
            directory: where it works.
            account: who it runs as; by default the same user.
            stop_signal: what asks it to end in good order.
            death_signal: what it gets when the parent has died; by default the same.

        Raises:
            RuntimeError: called outside the main thread. Linux takes the end of the thread that
                started a child for the end of its parent.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start child processes from the main thread")
        last_will = death_signal or stop_signal
        self._stop_signal = stop_signal
        self._asked = False
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=directory,
                process_group=0,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                # Runs after the change of user, which would clear it.
                preexec_fn=_die_with_parent(last_will),  # noqa: PLW1509
            )
        self._watchdog = None if _LIBC else Watchdog(self._process.pid, last_will)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, or `None` while it runs."""
        code = self._process.poll()
        if code is not None and self._watchdog:
            self._watchdog.dismiss()
        return code

    @property
    def running(self) -> bool:
        return self.exit_code is None

    def ask_to_stop(self) -> None:
        """Send the stop signal, once, and return at once."""
        if self.running and not self._asked:
            self._asked = True
            self._process.send_signal(self._stop_signal)

    def stop(self, patience: float = 10.0) -> bool:
        """Ask it to stop; end it by force after `patience` seconds. Say whether it went itself."""
        self.ask_to_stop()
        if self.wait(patience) is not None:
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """End it at once, as a power cut would (SIGKILL)."""
        if self.running:
            self._process.kill()
            self._process.wait()

    def wait(self, patience: float) -> int | None:
        """Return how it ended, or `None` if it still runs after `patience` seconds."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return None
        return self.exit_code


class Program:
    """What may run as one child of this process, and be started again when it has ended."""

    patience = 10.0
    """Seconds it has to end in good order."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._child: Child | None = None

    def ask_to_stop(self) -> None:
        """Ask it to end in good order and return at once."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """End it in good order."""
        if self._child:
            self._child.stop(self.patience)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._child:
            self._child.kill()

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def exit_code(self) -> int | None:
        """How it ended, or `None` while it runs."""
        return self._child.exit_code if self._child else None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.running else None


def _die_with_parent(last_will: signal.Signals) -> Callable[[], None] | None:
    if not (libc := _LIBC):
        return None
    parent = os.getpid()

    def promise() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(last_will))
        if os.getppid() != parent:  # it died before the promise was made
            os._exit(1)

    return promise
