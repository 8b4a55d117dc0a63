"""Where the kernel does not tell a child of its parent's death (macOS): a process that does.

Untested on macOS itself; the tests run it on Linux.
"""

import signal
import subprocess
import sys

# Standard input ends when the parent does, since only the parent holds its other end.
_WATCH = """
import os, sys
sys.stdin.buffer.read()
try:
    os.kill(int(sys.argv[1]), int(sys.argv[2]))
except ProcessLookupError:
    pass
"""


class Watchdog:
    """Sends `last_will` to a process once the process that made this watchdog is gone."""

    def __init__(self, pid: int, last_will: signal.Signals) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", _WATCH, str(pid), str(int(last_will))],
            stdin=subprocess.PIPE,
            process_group=0,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def dismiss(self) -> None:
        """End the watch: the process it is about has ended, and its number may be given again."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
