"""Where services answer and which keys open them: on this machine, or named in the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

from tocsin_cli import ports
from tocsin_cli.client import Client
from tocsin_cli.secrets import Secrets
from tocsin_contracts.streams import SERVICES


@dataclass(frozen=True)
class Installation:
    """One Tocsin, as its operator reaches it.

    `TOCSIN_CASES_URL` and `TOCSIN_CASES_ADMIN_KEY` (and so for each service) name one elsewhere;
    without them it is the one in `directory`.
    """

    directory: Path

    @property
    def elsewhere(self) -> bool:
        """Whether the environment names every service's address."""
        return all(f"TOCSIN_{service.upper()}_URL" in os.environ for service in SERVICES)

    def url(self, service: str) -> str:
        """Where a service answers.

        Raises:
            Unusable: nothing says so.
        """
        if named := os.environ.get(f"TOCSIN_{service.upper()}_URL"):
            return named.rstrip("/")
        return f"http://127.0.0.1:{ports.remembered(self.directory)[service]}"

    def operator(self, service: str) -> Client:
        """The operator's way into a service.

        Raises:
            Unusable: there is neither an address nor a key.
        """
        named = os.environ.get(f"TOCSIN_{service.upper()}_ADMIN_KEY")
        key = named or Secrets.read(self.directory).admin_key(service)
        return Client(service, self.url(service), key)
