"""Every page in memory by its host name: no query to know what is served where."""

from tocsin_common.auth import KeyRing
from tocsin_intake.worker_page.models import WorkerPage


class Pages(KeyRing[WorkerPage]):
    """Hotlines' pages; a change is seen within seconds."""

    def at(self, host: str) -> WorkerPage | None:
        """The page that is served under a `Host` header; nothing elsewhere."""
        name, _, _ = host.partition(":")
        return self._callers.get(name.rstrip(".").lower().encode())
