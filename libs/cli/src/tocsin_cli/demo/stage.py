"""Where the demo is played: on servers of its own, or on an installation that runs already."""

import asyncio
import subprocess
from collections.abc import Sequence
from typing import Protocol

from tocsin_cli import trying_out
from tocsin_cli.demo.ledger import FEWEST_KILLS
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.stack import HOST, Stack


class Stage(Protocol):
    """Four services, and what the play must know of them."""

    host: str
    """An address of this machine at which the services reach the buyers' server."""
    calm: float
    """Seconds without anything new before it counts as quiet: more than from slot to slot."""
    deadline: float
    """Seconds that everything may take after the first post."""
    fewest_kills: int

    def url(self, service: str) -> str: ...
    def admin_key(self, service: str) -> str: ...
    async def kill(self, part: str) -> None:
        """End a service or `nats` at once."""
        ...

    def is_up(self, part: str, /) -> bool:
        """Say whether its process runs, as far as that can be known here."""
        ...

    def tend(self) -> None:
        """Start what has died, where nobody else does."""
        ...


class OwnStage:
    """Processes that were started for the demo alone."""

    host = HOST
    calm = trying_out.SLOT + 0.5
    deadline = 120.0  # it takes some fifteen
    fewest_kills = FEWEST_KILLS

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def url(self, service: str) -> str:
        return self._stack.url(service)

    def admin_key(self, service: str) -> str:
        return self._stack.secrets.admin_key(service)

    async def kill(self, part: str) -> None:
        self._stack.kill(part)

    def is_up(self, part: str, /) -> bool:
        return self._stack.is_up(part)

    def tend(self) -> None:
        self._stack.tend()


class RunningStage:
    """An installation that somebody else started, and starts again what dies."""

    calm = 10.0
    deadline = 480.0

    def __init__(self, installation: Installation, *, host: str, killing: Sequence[str]) -> None:
        """Name it.

        Args:
            installation: where it answers, and its operator's keys.
            host: this machine's address, as the installation's containers see it.
            killing: a command that ends the part it is given as its last argument; with none,
                nothing is killed.
        """
        self.host = host
        self.fewest_kills = FEWEST_KILLS if killing else 0
        self._installation = installation
        self._killing = killing

    def url(self, service: str) -> str:
        return self._installation.url(service)

    def admin_key(self, service: str) -> str:
        return self._installation.operator(service).key

    async def kill(self, part: str) -> None:
        """Run the command, and return when it has.

        Raises:
            Unusable: it cannot be run, or failed.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._killing, part, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            code = await process.wait()
        except OSError:
            code = 127
        if code:
            command = " ".join([*self._killing, part])
            raise Unusable(f"`{command}` ended with {code}", "Run it by hand to see why.")

    def is_up(self, _: str, /) -> bool:
        """Its services' doors tell."""
        return True

    def tend(self) -> None:
        return None
