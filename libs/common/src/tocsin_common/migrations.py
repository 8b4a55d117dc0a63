"""A service's schema: what it must be, what it is, and how it gets there."""

import asyncio
import re
from importlib.resources import files
from ssl import SSLContext

from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tocsin_common.database import Database

LOCK = 7_463_241_905_117  # the advisory lock of whoever migrates this database


def head(package: str) -> str:
    """The newest revision a service ships; its files are named `<revision>_<what>.py`."""
    versions = files(package) / "migrations" / "versions"
    names = [entry.name for entry in versions.iterdir()]
    return max(name.split("_")[0] for name in names if re.match(r"\d{4}_.*\.py$", name))


async def current(database: Database) -> str | None:
    """The revision a database is at, or `None` for an empty one."""
    async with database.begin() as tx:
        there = await tx.scalar(text("select to_regclass('alembic_version') is not null"))
        return await tx.scalar(text("select version_num from alembic_version")) if there else None


def suits(found: str | None, needed: str) -> bool:
    """Whether a version that needs `needed` runs on a schema that is at `found`.

    A newer schema suits it: while an upgrade rolls, and after one was taken back, the previous
    version runs on it. So a migration only adds; what nobody reads any more goes one version later.
    """
    return found is not None and found >= needed


async def migrate(package: str, database: Database) -> bool:
    """Bring a database to `head`; return whether anything was to do. Alembic loads only then."""
    if suits(await current(database), head(package)):
        return False
    await asyncio.to_thread(_upgrade, package, database)
    return True


def config(package: str, dsn: str, tls: SSLContext | None = None) -> object:
    """The Alembic configuration of a service, without a file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", f"{package}:migrations")
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["dsn"] = dsn
    made.attributes["connect"] = {"ssl": tls} if tls else {}
    return made


def _upgrade(package: str, database: Database) -> None:
    from alembic import command

    command.upgrade(config(package, database.dsn, database.tls), "head")  # pyright: ignore[reportArgumentType]


def run(metadata: MetaData) -> None:
    """What every service's `env.py` calls: run migrations, one process at a time."""
    from alembic import context

    def in_connection(connection: Connection) -> None:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            connection.exec_driver_sql("select pg_advisory_xact_lock(%d)" % LOCK)  # noqa: UP031
            context.run_migrations()

    async def connect() -> None:
        dsn: str = context.config.attributes["dsn"]
        engine = create_async_engine(
            dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            poolclass=NullPool,
            connect_args=context.config.attributes["connect"],
        )
        async with engine.begin() as connection:
            await connection.run_sync(in_connection)
        await engine.dispose()

    asyncio.run(connect())
