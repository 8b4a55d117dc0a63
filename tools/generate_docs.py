"""Writes what docs/ has from the code: `generate_docs.py [--check] [SERVICE …]`.

That is docs/openapi, docs/asyncapi and docs/settings.md.

`--check` writes nothing; it names the files that are not what the code says, and fails.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncapi
import settings_doc

from tocsin_cli.secrets import Secrets
from tocsin_contracts.streams import SERVICES

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "docs" / "openapi", ROOT / "docs" / "asyncapi")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    parser.add_argument("--print-openapi", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="default: all four")
    asked = parser.parse_args()
    if unknown := set(asked.services) - set(SERVICES):
        parser.error(f"there is no service {', '.join(sorted(unknown))}")
    if asked.print_openapi:
        print(_written(openapi(asked.services[0])), end="")
        return 0
    fresh = dict(documents(tuple(asked.services) or SERVICES))
    if asked.check:
        return check(fresh, complete=not asked.services)
    for file, content in fresh.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    print(f"docs: wrote {len(fresh)} files")
    return 0


def check(fresh: dict[Path, str], *, complete: bool) -> int:
    """Name what is stale or missing and, when all was generated, what nobody generates."""
    stale = [file for file, content in fresh.items() if not _says(file, content)]
    if complete:
        there = (file for folder in FOLDERS for file in folder.glob("*"))
        stale += [file for file in there if file not in fresh]
    for file in sorted(stale):
        print(f"docs: {file.relative_to(ROOT)} is stale; run `make docs`", file=sys.stderr)
    if not stale:
        print("docs: as the code says")
    return int(bool(stale))


def documents(services: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Every generated file and what it must say."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for service, content in zip(services, pool.map(openapi_apart, services), strict=True):
            yield FOLDERS[0] / f"{service}.json", content
    for service in services:
        yield FOLDERS[1] / f"{service}.json", _written(asyncapi.document(service))
    yield ROOT / "docs" / "settings.md", settings_doc.reference(ROOT)


def openapi_apart(service: str) -> str:
    """A service's OpenAPI, from a process of its own: one process never loads two services."""
    done = subprocess.run(
        [sys.executable, __file__, "--print-openapi", service],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"docs: {service} does not load:\n{done.stderr}")
    return done.stdout


def openapi(service: str) -> dict[str, Any]:
    """A service's OpenAPI, by making its application as it would be served. Nothing starts."""
    os.environ |= {
        **Secrets.generate().environment(service),
        "TOCSIN_DATABASE_URL": f"postgresql://{service}@127.0.0.1:1/{service}",
        "TOCSIN_NATS_URL": "nats://127.0.0.1:1",
    }
    return import_module(f"tocsin_{service}.app").create_app().openapi()


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _says(file: Path, content: str) -> bool:
    return file.is_file() and file.read_text() == content


if __name__ == "__main__":
    sys.exit(main())
