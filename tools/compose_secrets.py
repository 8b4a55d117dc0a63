"""Make the secrets of an installation by Docker Compose: a folder for each container.

They lie in `.compose/`, which only its owner may enter; a container is shown its own folder. Run
again, it keeps what is there and adds what a newer version needs.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from tocsin_cli.files import make_directory
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import PROVISION, USERS
from tocsin_contracts.streams import SERVICES

FOLDER = Path(".compose")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write(folder)
    print(f"The secrets are in {folder}. Keep a copy elsewhere: no backup opens without them.")


def write(folder: Path) -> None:
    """Make what is missing in a folder, and never change a secret."""
    secrets = Secrets.of(make_directory(folder, passable=False))
    for container, files in told(secrets).items():
        _write(folder / container, files)


def told(secrets: Secrets) -> dict[str, dict[str, str]]:
    """What each container is told: file names and contents."""
    passwords = {service: secrets.database_password(service) for service in SERVICES}
    return {
        "postgres": {
            "postgres_password": secrets.postgres_password,
            **{f"{service}_password": password for service, password in passwords.items()},
        },
        "nats": {
            "passwords.conf": "".join(
                f'{user.upper()}_PASSWORD: "{secrets.nats_password(user)}"\n' for user in USERS
            )
        },
        PROVISION: {"tocsin_nats_password": secrets.nats_password(PROVISION)},
        **{service: _of(service, secrets, passwords[service]) for service in SERVICES},
    }


def _of(service: str, secrets: Secrets, password: str) -> dict[str, str]:
    name = f"tocsin_{service}"
    return {
        "tocsin_database_url": f"postgresql://{name}:{password}@postgres:5432/{name}",
        **{name.lower(): value for name, value in secrets.environment(service).items()},
    }


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Readable for whichever user the container has; the folder above lets nobody else in."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name, value in files.items():
        path = folder / name
        if not path.exists() or path.read_text() != value:
            path.write_text(value)
        path.chmod(0o644)


if __name__ == "__main__":
    main()
