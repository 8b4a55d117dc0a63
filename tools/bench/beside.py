"""Intakes of the bench's own, on the database of the Tocsin that runs: each only answers."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from bench import Bench
from processes import cpu_seconds

from tocsin_cli.client import waiting_for
from tocsin_cli.embedded.child import Child
from tocsin_cli.embedded.ports import free_port
from tocsin_contracts.streams import INTAKE


class Beside:
    """One of them, what it accepted, and what that cost."""

    def __init__(self, bench: Bench, process: Child, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._bench = bench
        self._process = process
        self._accepted, self._seconds, self._cpu = 0, 0.0, 0.0

    def ready(self) -> bool:
        """Whether it accepts complaints.

        Raises:
            SystemExit: it has ended.
        """
        if not self._process.running:
            raise SystemExit("an intake of the bench's own ended; its log is beside the others")
        return not waiting_for(self.url)

    def accept(self, seconds: float) -> None:
        """Let it accept for a while; then wait until all that follows is done."""
        before = cpu_seconds(self._process.pid)
        answered = self._bench.load(f"{self.url}/v1/complaints", 32, seconds)
        self._cpu += cpu_seconds(self._process.pid) - before
        self._accepted += answered.count
        self._seconds += answered.count / answered.per_s
        self._bench.quiet()

    @property
    def per_s(self) -> float:
        return self._accepted / self._seconds

    @property
    def cpu_s_per_1000(self) -> float:
        return self._cpu / self._accepted * 1000


@contextmanager
def an_intake(bench: Bench, name: str, *program: str) -> Generator[Beside]:
    """Run `python <program> api` until the block ends."""
    stack, port = bench.world.stack, free_port()
    process = Child(
        [sys.executable, *program, "api"],
        log=stack.directory / "logs" / f"{name}.log",
        environment={
            **stack.environment(INTAKE),
            "TOCSIN_PORT": str(port),
            "TOCSIN_METRICS_PORT": str(free_port()),
        },
        directory=stack.directory,
    )
    try:
        beside = Beside(bench, process, port)
        bench.until(beside.ready)
        yield beside
    finally:
        process.stop()
