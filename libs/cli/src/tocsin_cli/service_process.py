"""One of Tocsin's own programs as a child process, writing to its own log."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tocsin_cli.embedded.child import Child

_PATIENCE = 15.0  # seconds a service has for its last requests and deliveries
_LOG_LIMIT = 10_000_000  # bytes; at a start beyond it the log is set aside, one generation


class ServiceProcess:
    """`python -m <module> <argument>…`, in the interpreter that runs this."""

    def __init__(
        self, module: str, *arguments: str, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.log = log
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = environment
        self._child: Child | None = None

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

    def ask_to_stop(self) -> None:
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        if self._child:
            self._child.stop(_PATIENCE)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._child:
            self._child.kill()

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code if self._child else None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.running else None

    def last_words(self) -> str:
        """The last line of its log, for an error message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1].strip() if lines else "it said nothing"
