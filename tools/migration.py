"""Developers' Alembic, on a PostgreSQL of its own: `migration.py check|new SERVICE [message]`.

`check` migrates an empty database to the head, asks Alembic whether the models say anything else,
goes one step down and up again. `new` writes the next revision.
"""

import sys
from typing import Any

from alembic import command

from tocsin_common import migrations
from tocsin_common.testing.servers import start


def main() -> int:
    action, service, *words = sys.argv[1:]
    package = f"tocsin_{service}"
    with start() as servers:
        dsn = servers.postgres.url(service)
        config: Any = migrations.config(package, dsn)
        if action == "new":
            command.upgrade(config, "head")
            number = f"{int(_head(package)) + 1:04d}"
            command.revision(config, " ".join(words), autogenerate=True, rev_id=number)
            return 0
        command.upgrade(config, "head")
        command.check(config)
        command.downgrade(config, "-1")
        command.upgrade(config, "head")
        print(f"{service}: the migrations make what the models say")
    return 0


def _head(package: str) -> str:
    try:
        return migrations.head(package)
    except ValueError:
        return "0000"


if __name__ == "__main__":
    sys.exit(main())
