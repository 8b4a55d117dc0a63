"""One transaction per request or per group, committed before anybody is told."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.tls import tls_for_database

TOLD = "tocsin_told"
"""In a connection's `info`: this transaction recorded events, so the relay has work after it."""
THEN = "tocsin_then"
"""In a connection's `info`: what is to be called after this transaction."""
DRIVER = "tocsin_driver"
"""In a connection's `info`: the driver's own connection, its transaction begun."""


class Database:
    """A service's own PostgreSQL database."""

    def __init__(
        self, url: str, *, name: str, ca_file: Path | None = None, pool_size: int = 8
    ) -> None:
        """Nothing is connected yet.

        Args:
            url: as PostgreSQL's own drivers take it.
            name: what the server calls its connections.
            ca_file: whose certificate the server must show.
            pool_size: the most connections at once.
        """
        self.dsn = url
        self.tls = tls_for_database(ca_file)
        self.told: Callable[[], None] = _nobody
        """Called after the commit of a transaction that recorded events."""
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "command_timeout": 30,
                **({"ssl": self.tls} if self.tls else {}),
                "server_settings": {"application_name": f"tocsin-{name}", "timezone": "UTC"},
            },
        )
        # A connection that died with the server is not handed out again. SQLAlchemy hears of the
        # death only from its own statements, so the driver is asked as well.
        event.listen(self.engine.sync_engine, "handle_error", _distrust)
        event.listen(self.engine.sync_engine, "checkout", _begin_afresh)

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction on a connection: commits at the end of the block."""
        async with self.engine.connect() as tx:
            async with tx.begin():
                yield tx
            told, then = tx.info.pop(TOLD, False), tx.info.pop(THEN, ())
        if told:
            self.told()
        for call in then:
            call()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """The same, as a session."""
        async with self.begin() as tx, AsyncSession(tx, expire_on_commit=False) as session:
            yield session
            await session.flush()

    async def connect(
        self, settings: dict[str, str] | None = None
    ) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of the caller's own, which the caller closes."""
        return await asyncpg.connect(self.dsn, timeout=5, ssl=self.tls, server_settings=settings)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _nobody() -> None:
    return None


def _distrust(context: Any) -> None:
    if isinstance(context.original_exception, asyncpg.InterfaceError | OSError):
        context.is_disconnect = True


def _begin_afresh(dbapi_connection: Any, record: Any, _: Any) -> None:
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError
    for left in (TOLD, THEN, DRIVER):
        record.info.pop(left, None)


def after_commit(tx: AsyncConnection, call: Callable[[], None]) -> None:
    """Call once `tx` has committed, or never."""
    tx.info.setdefault(THEN, []).append(call)


async def driver(tx: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """The driver's own connection inside `tx`, for the statements that are hot.

    SQLAlchemy begins lazily, so the transaction is begun here; a test holds this to its word.
    """
    if begun := tx.info.get(DRIVER):
        return begun
    raw = await tx.get_raw_connection()
    adapted: Any = raw.dbapi_connection
    if adapted._transaction is None:
        await adapted._start_transaction()
    tx.info[DRIVER] = raw.driver_connection
    return raw.driver_connection  # pyright: ignore[reportReturnType]


async def _transaction(request: Request) -> AsyncGenerator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_transaction, scope="function")]
"""A transaction that has committed before the answer is sent."""
