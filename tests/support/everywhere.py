"""Every byte that Tocsin stores or sends, place by place."""

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import asyncpg

from tests.support.hiding import Place
from tests.support.receiver import Receiver
from tests.support.tocsin import Tocsin
from tests.support.traces import Collector
from tocsin_common.testing.http import Answer
from tocsin_contracts.streams import SERVICES, STREAMS

_GAP = bytes(64)
_EMPTY = re.compile(rb"\0{64,}")  # half of what PostgreSQL keeps: nothing hides in it


async def in_databases(tocsin: Tocsin, services: Iterable[str] = SERVICES) -> list[Place]:
    """Every table, as PostgreSQL copies it out."""
    return [place for service in services for place in await _tables_of(tocsin, service)]


async def _tables_of(tocsin: Tocsin, service: str) -> list[Place]:
    connection = await asyncpg.connect(tocsin.stack.postgres.url(service))
    try:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        )
        places: list[Place] = []
        for (table,) in tables:
            copied = io.BytesIO()
            await connection.copy_from_table(table, output=copied)
            places.append(Place(f"table {service}.{table}", copied.getvalue()))
        return places
    finally:
        await connection.close()


def in_data_files(tocsin: Tocsin) -> list[Place]:
    """PostgreSQL's own files once everything is written out: each database, and the log."""
    tocsin.stack.postgres.run("checkpoint")
    rows = tocsin.stack.postgres.run("select oid, datname from pg_database").splitlines()
    names = dict(row.split("|") for row in rows)
    data = tocsin.stack.directory / "postgres"
    databases = [(path, names.get(path.name, path.name)) for path in (data / "base").iterdir()]
    rest = [path for path in data.iterdir() if path.name != "base"]
    return [
        *(Place(f"files of database {name}", _read_all([path])) for path, name in databases),
        Place("other files of PostgreSQL", _read_all(rest)),
    ]


def in_attachments(tocsin: Tocsin, control: str) -> Place:
    """Every sealed photo and recording; nothing in them can be read, so a control lies beside."""
    folder = tocsin.stack.directory / "attachments"
    (folder / "control").write_text(control)
    return Place("attachments", _read_all([folder]))


def in_streams(tocsin: Tocsin) -> list[Place]:
    """JetStream's own files: each stream with its consumers."""
    root = tocsin.stack.directory / "nats" / "jetstream" / "TOCSIN" / "streams"
    return [Place(f"stream {stream.name}", _read_all([root / stream.name])) for stream in STREAMS]


def in_logs(tocsin: Tocsin) -> list[Place]:
    """What every part wrote down."""
    return [Place(f"log {path.stem}", path.read_bytes()) for path in sorted(tocsin.logs.iterdir())]


async def in_metrics(tocsin: Tocsin) -> list[Place]:
    """What every service shows to a monitor."""
    places: list[Place] = []
    async with aiohttp.ClientSession() as http:
        for service in SERVICES:
            port = tocsin.stack.ports[f"{service}.metrics"]
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                places.append(Place(f"metrics {service}", await answer.read()))
    return places


def in_traces(collector: Collector) -> Place:
    """Every span, as it was sent to the collector."""
    return Place("traces", b"\n".join(collector.received))


def in_webhooks(receiver: Receiver) -> Place:
    """Everything that was posted to the buyer."""
    return Place("webhooks", b"\n".join(hit.bytes for hit in receiver.hits))


def in_answers(name: str, answers: Sequence[Answer]) -> Place:
    """What somebody was answered, headers included."""
    return Place(name, b"\n".join(_bytes_of(answer) for answer in answers))


def _bytes_of(answer: Answer) -> bytes:
    headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return f"{answer.status}\n{headers}\n{answer.text}".encode()


def _read_all(roots: Iterable[Path]) -> bytes:
    contents: list[bytes] = []
    for root in roots:
        for path in (root, *root.rglob("*")):
            with suppress(FileNotFoundError):  # servers remove what they need no longer
                if path.is_file():
                    contents.append(_EMPTY.sub(_GAP, path.read_bytes()))
    return b"\n".join(contents)
