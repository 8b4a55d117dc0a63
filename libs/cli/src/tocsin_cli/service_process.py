"""One of Tocsin's own programs as a child process, writing to its own log."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tocsin_cli.embedded.child import Child, Program

_LOG_LIMIT = 10_000_000  # bytes; at a start beyond it the log is set aside, one generation


class ServiceProcess(Program):
    """`python -m <module> <argument>…`, in the interpreter that runs this."""

    patience = 15.0  # for a service's last requests and deliveries

    def __init__(
        self, module: str, *arguments: str, log: Path, environment: Mapping[str, str]
    ) -> None:
        super().__init__(log)
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = environment

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._child = Child(
            self._command,
            log=self.log,
            environment=self._environment,
            directory=self.log.parent,
            death_signal=signal.SIGKILL,  # nothing is lost by it, and nothing can hold it up
        )

    def last_words(self) -> str:
        """The last line of its log, for an error message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1].strip() if lines else "it said nothing"
