"""What a stranger who reads only the OpenAPI document finds wrong with a running service."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI

from tocsin_common.testing.http import Client

EXAMPLES = 5
SECONDS = 15
PATIENCE = 30  # seconds for one answer; a machine may be busy
WITHOUT = (
    "positive_data_acceptance",  # check digits, dates in order and so on are no part of a schema
    "unsupported_method",  # a path that is two operations' answers with the first one's methods
)


async def faults_in(
    app: FastAPI,
    client: Client,
    headers: Mapping[str, str],
    *,
    paths: str = "",
    without: Sequence[str] = (),
    only_links: bool = False,
) -> str:
    """Let Schemathesis try the operations whose path matches `paths`; return what it says.

    It makes requests that fit the document and requests that do not, alone and one after the
    other along the links it finds; with `only_links` all its time goes into these. Nothing is
    returned when there is nothing to say.
    """
    with TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_text(json.dumps(app.openapi()))
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("st"),
            *("run", str(document), "--url", client.url, "--no-color", "--warnings", "off"),
            *("--max-examples", str(EXAMPLES), "--max-time", str(SECONDS)),
            *("--request-timeout", str(PATIENCE)),
            *("--seed", "7", "--no-shrink", "--generation-database", "none"),
            *("--exclude-checks", ",".join((*WITHOUT, *without))),
            *(["--include-path-regex", paths] if paths else []),
            *(["--phases", "stateful"] if only_links else []),
            *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    return said.decode() if process.returncode else ""
