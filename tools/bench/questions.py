"""Questions to the databases that are measured, over connections that stay open."""

import asyncio
import time
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import asyncpg
from world import World


class Questions:
    """Asks PostgreSQL as its superuser, which the services cannot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._runner = asyncio.Runner()
        self._connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}

    def ask(self, service: str, query: str, *values: Any) -> list[asyncpg.Record]:
        """What a service's database answers."""
        return self._runner.run(self._ask(service, query, *values))

    def count(self, service: str, table: str, where: str = "true") -> int:
        """How many rows of a table there are."""
        query = f'select count(*) from "{table}" where {where}'  # noqa: S608
        return self.ask(service, query)[0][0]

    def commits(self, service: str, table: str, key: str = "id") -> dict[str, float]:
        """When each row was committed, in seconds."""
        when = "extract(epoch from pg_xact_commit_timestamp(xmin))::float8"
        rows = self.ask(service, f'select {key}::text, {when} from "{table}"')  # noqa: S608
        return {row[0]: row[1] for row in rows}

    def copy_again(self, service: str, tables: Sequence[str]) -> float:
        """Copy what lies in some tables into empty ones like them; return the seconds it took."""
        return self._runner.run(self._copy_again(service, tables))

    def let_go(self) -> None:
        """Drop the connections, before the server is stopped; the next question opens new ones."""
        self._runner.run(self._drop())

    def close(self) -> None:
        """Ask nothing more."""
        self.let_go()
        self._runner.close()

    async def _ask(self, service: str, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = self._connections.get(service)
        if connection is None or connection.is_closed():
            url = self._world.stack.postgres.admin_url.rsplit("/", 1)[0]
            connection = await asyncpg.connect(f"{url}/tocsin_{service}")
            self._connections[service] = connection
        return await connection.fetch(query, *values)

    async def _copy_again(self, service: str, tables: Sequence[str]) -> float:
        await self._ask(service, "select 1")
        connection = self._connections[service]
        rows: dict[str, bytes] = {}
        for table in tables:
            out = BytesIO()
            await connection.copy_from_table(table, output=out, format="binary")
            rows[table] = out.getvalue()
            await connection.execute(
                f'create table "copied_{table}" (like "{table}" including all)'
            )
        began = time.perf_counter()
        async with connection.transaction():
            for table, content in rows.items():
                source = BytesIO(content)
                await connection.copy_to_table(f"copied_{table}", source=source, format="binary")
        seconds = time.perf_counter() - began
        for table in tables:
            await connection.execute(f'drop table "copied_{table}"')
        return seconds

    async def _drop(self) -> None:
        for connection in self._connections.values():
            connection.terminate()
        self._connections.clear()
