"""Make the secrets of an installation by Docker Compose: a folder for each container.

They lie in `.compose/`, which only its owner may enter; a container is shown its own folder. Run
again, it keeps what is there and adds what a newer version needs. NATS is told hashes only.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import bcrypt

from tocsin_cli.files import make_directory
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import PROVISION, USERS
from tocsin_contracts.streams import SERVICES

FOLDER = Path(".compose")
PASSWORDS = Path("nats/passwords.conf")
TLS = Path("nats-tls")
CERTIFICATES = "certificates"
ROUNDS = 6  # the passwords are 256 random bits: no work makes guessing them harder


def main() -> None:
    parser = argparse.ArgumentParser(prog="compose_secrets", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--renew", metavar="NAME", action="append", default=[], help="a password")
    parser.add_argument("--forget", metavar="KIND", help="its old keys, which nobody uses any more")
    parser.add_argument("--new", metavar="KIND", help="new keys; the old ones are good for now")
    parser.add_argument("--only", metavar="CONTAINER", action="append", help="tell nobody else yet")
    asked = parser.parse_args()
    folder: Path = asked.folder
    for name in asked.renew:
        Secrets.renewed(folder, name)
    if asked.forget:
        forget(folder, asked.forget)
    if asked.new == CERTIFICATES:
        _certify(folder)
    elif asked.new:
        Secrets.with_new_key(folder, asked.new)
    write(folder, asked.only)
    print(f"The secrets are in {folder}. Keep a copy elsewhere: no backup opens without them.")


def write(folder: Path, only: Sequence[str] | None = None) -> None:
    """Make what is missing in a folder, and never change a secret.

    Args:
        folder: where they lie.
        only: the containers that are told; by default all are.
    """
    secrets = Secrets.of(make_directory(folder, passable=False))
    kept = folder / PASSWORDS
    for container, files in told(secrets, kept.read_text() if kept.exists() else "").items():
        if only is None or container in only:
            _write(folder / container, files)
    if not (folder / TLS / "tls.key").exists():
        _certify(folder)


def forget(folder: Path, kind: str) -> None:
    """Take away what was replaced, once nothing is under it any more."""
    if kind == CERTIFICATES:
        authority = (folder / TLS / "ca.crt").read_text()
        for user in USERS:
            _write(folder / user, {"nats_ca.crt": authority})
        return
    before = told(Secrets.read(folder))
    after = told(Secrets.without_old_keys(folder, kind))
    for container, files in before.items():
        for name in files.keys() - after[container].keys():
            (folder / container / name).unlink(missing_ok=True)


def _certify(folder: Path) -> None:
    """Certificates for NATS by TLS (deploy/nats/tls.yml); everybody is told whom to trust.

    Where there were others, both authorities are trusted until the old one is forgotten.
    """
    from tools import nats_certificates

    made = nats_certificates.make(["nats"])
    kept = folder / TLS / "ca.crt"
    before = kept.read_text() if kept.exists() else ""
    own = {"ca.crt": made.authority, "tls.crt": made.server, "tls.key": made.server_key}
    _write(folder / TLS, own)
    for user in USERS:
        _write(folder / user, {"nats_ca.crt": made.authority + before})


def nats_passwords(secrets: Secrets, kept: str = "", users: Sequence[str] = USERS) -> str:
    """What nats-server knows of its users' passwords; a hash that still suits is kept."""
    known = dict(re.findall(r'^(\w+)_PASSWORD: "(.+)"$', kept, re.MULTILINE))
    lines: list[str] = []
    for user in users:
        password = secrets.nats_password(user).encode()
        hashed = known.get(user.upper(), "").encode()
        if not hashed or not bcrypt.checkpw(password, hashed):
            hashed = bcrypt.hashpw(password, bcrypt.gensalt(ROUNDS))
        lines.append(f'{user.upper()}_PASSWORD: "{hashed.decode()}"\n')
    return "".join(lines)


def told(secrets: Secrets, kept: str = "") -> dict[str, dict[str, str]]:
    """What each container is told: file names and contents.

    Args:
        secrets: the installation's.
        kept: what NATS was told so far.
    """
    passwords = {service: secrets.database_password(service) for service in SERVICES}
    return {
        "postgres": {
            "postgres_password": secrets.postgres_password,
            **{f"{service}_password": password for service, password in passwords.items()},
            "monitor_password": secrets.database_password("monitor"),
        },
        "postgres-exporter": {"password": secrets.database_password("monitor")},
        "grafana": {"admin_password": secrets.admin_key("grafana")},
        PASSWORDS.parent.name: {PASSWORDS.name: nats_passwords(secrets, kept)},
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
