"""Directories and files that hold secrets: made closed, written whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str, *, uid: int = -1, gid: int = -1) -> None:
    """Write a file only its owner may read (0600). It is replaced whole, or stays as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chown(new, uid, gid)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def make_directory(path: Path, *, passable: bool) -> Path:
    """Return `path` in full, made if missing; others may enter it (not list it) if `passable`."""
    path = path.resolve()
    for missing in reversed([place for place in (path, *path.parents) if not place.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o711 if passable else 0o700)
    return path
