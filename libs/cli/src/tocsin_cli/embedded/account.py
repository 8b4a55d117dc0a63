"""Who the embedded servers run as, and what that account can reach."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from stat import S_IRUSR, S_IXUSR


@dataclass(frozen=True)
class Account:
    """A user of this machine without further groups."""

    name: str
    uid: int
    gid: int

    def closed_door(self, path: Path) -> Path | None:
        """Return the topmost parent of `path` this account cannot enter, or `None`."""
        for parent in reversed(path.resolve().parents):
            if not self._may(parent, S_IXUSR):
                return parent
        return None

    def can_run(self, program: Path) -> bool:
        """Say whether this account can reach and execute a program."""
        return self.closed_door(program) is None and self._may(program, S_IRUSR | S_IXUSR)

    def _may(self, path: Path, bits: int) -> bool:
        about = path.stat()
        if about.st_uid == self.uid:
            needed = bits
        elif about.st_gid == self.gid:
            needed = bits >> 3
        else:
            needed = bits >> 6
        return about.st_mode & needed == needed


def server_account() -> Account | None:
    """Return who root starts the servers as; anybody else starts them as themselves (`None`).

    PostgreSQL refuses to run as root, and nats-server needs nothing that root may do.
    """
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)
