"""What `tocsin doctor` looks at, and the remedy for each thing that can be wrong."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

from tocsin_cli import client, secrets
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import nats_program, postgres_programs
from tocsin_cli.embedded.starting import require_open
from tocsin_cli.errors import TocsinError
from tocsin_cli.installation import Installation
from tocsin_cli.remedies import remedy_for
from tocsin_cli.stack import is_running
from tocsin_contracts.streams import NOTIFICATIONS, SERVICES

_ROOM = 8 << 30  # bytes: the six streams may grow to one GiB each, and the databases beside them


_MAIL_REMEDIES = {
    "name": "Nobody knows its name: is TOCSIN_SMTP_HOST right?",
    "connect": "Is it running, are TOCSIN_SMTP_HOST and TOCSIN_SMTP_PORT right?",
    "timeout": "It does not answer: does a firewall stand between?",
    "tls": "Its certificate is not trusted: TOCSIN_SMTP_CA_FILE, TOCSIN_SMTP_SECURITY?",
    "status": "It refuses us: are TOCSIN_SMTP_USER and TOCSIN_SMTP_PASSWORD right?",
    "protocol": "It speaks otherwise than expected: is TOCSIN_SMTP_SECURITY right?",
}


@dataclass(frozen=True)
class Check:
    """One thing looked at; the remedy is empty if all is well."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def all_of(directory: Path) -> list[Check]:
    """Look at everything; later checks that make no sense without earlier ones are left out."""
    if Installation(directory).elsewhere:
        return list(_services(directory))
    checks = [
        _try("PostgreSQL", lambda: _version(postgres_programs(server_account()) / "postgres")),
        _try("nats-server", lambda: _version(nats_program(server_account()))),
    ]
    if not directory.exists():
        return [*checks, Check("data", ok=True, found=f"none yet in {directory.resolve()}")]
    checks += [_try("data", lambda: _open(directory)), _room(directory), _closed(directory)]
    if is_running(directory):
        return [*checks, Check("tocsin", ok=True, found="running"), *_services(directory)]
    return [*checks, Check("tocsin", ok=False, found="not running", remedy="Start it: tocsin up")]


def _try(what: str, look: Callable[[], str]) -> Check:
    try:
        return Check(what, ok=True, found=look())
    except TocsinError as error:
        return Check(what, ok=False, found=error.what, remedy=error.next_step)


def _version(program: Path) -> str:
    done = subprocess.run(  # noqa: S603
        [str(program), "--version"], capture_output=True, text=True, timeout=30, check=False
    )
    return f"{done.stdout.strip()} ({program})"


def _open(directory: Path) -> str:
    require_open(directory.resolve(), server_account())
    return str(directory.resolve())


def _room(directory: Path) -> Check:
    free = shutil.disk_usage(directory).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free >= _ROOM:
        return Check("disk", ok=True, found=found)
    return Check("disk", ok=False, found=found, remedy=f"Keep {_ROOM >> 30} GiB free there.")


def _closed(directory: Path) -> Check:
    path = directory / secrets.FILE
    if not path.exists():
        return Check("secrets", ok=False, found=f"no {path}", remedy="Restore it from a backup.")
    if (mode := S_IMODE(path.stat().st_mode)) == 0o600:
        return Check("secrets", ok=True, found="only their owner can read them")
    return Check("secrets", ok=False, found=f"mode {mode:o}", remedy=f"chmod 600 {path}")


def _services(directory: Path) -> Iterator[Check]:
    installation = Installation(directory)
    for service in SERVICES:
        waiting_for = client.waiting_for(installation.url(service))
        log = directory.resolve() / "logs" / f"{service}.log"
        for missing in waiting_for:
            step = remedy_for(missing) or "Read its log."
            where = "" if installation.elsewhere else f" Its log is {log}."
            yield Check(service, ok=False, found=missing, remedy=f"{step}{where}")
        if not waiting_for:
            yield Check(service, ok=True, found=f"ready at {installation.url(service)}")
            yield _parked(installation, service)
            if service == NOTIFICATIONS:
                yield _mail(installation)


def _parked(installation: Installation, service: str) -> Check:
    what = f"{service}: parked events"
    try:
        page = installation.operator(service).get("/v1/admin/parked?limit=200")
    except TocsinError as error:
        return Check(what, ok=False, found=error.what, remedy=error.next_step)
    dead = [event for event in page["data"] if event["retry_at"] is None]
    if dead:
        return Check(
            what, ok=False, found=f"{len(dead)} wait for you", remedy=f"tocsin dlq ls {service}"
        )
    return Check(what, ok=True, found=f"{len(page['data'])} wait for another try")


def _mail(installation: Installation) -> Check:
    what = "mail server"
    try:
        told = installation.operator(NOTIFICATIONS).get("/v1/admin/mail")
    except TocsinError as error:
        return Check(what, ok=False, found=error.what, remedy=error.next_step)
    if not told["configured"]:
        return Check(what, ok=True, found="none is set, so no mail is sent")
    if told["reached"]:
        return Check(what, ok=True, found="takes mail")
    return Check(what, ok=False, found="takes no mail", remedy=_MAIL_REMEDIES[told["fault"]])
