"""What an operator may lose, and get back from a backup: a database, or all that NATS kept."""

import shutil

from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from tests.support import shell
from tests.support.clients import Json
from tests.support.tocsin import PATIENCE, Tocsin
from tocsin_cli.embedded.postgres import database_of
from tocsin_common.testing import eventually
from tocsin_contracts.streams import STREAMS


async def back_up(tocsin: Tocsin, service: str) -> None:
    """Keep a service's database as it is now."""
    async with tocsin.untended():
        tocsin.stack.services[service].stop()
        name = database_of(service)
        tocsin.stack.postgres.run(f"drop database if exists kept_{name}")
        tocsin.stack.postgres.run(f"create database kept_{name} template {name}")
    await tocsin.ready()


async def restore(tocsin: Tocsin, service: str) -> None:
    """Put the backup in the place of a service's database."""
    await _replace(tocsin, service, f"kept_{database_of(service)}")


async def destroy(tocsin: Tocsin, service: str) -> None:
    """Leave a service an empty database, which it migrates."""
    await _replace(tocsin, service, "template0")


async def _replace(tocsin: Tocsin, service: str, template: str) -> None:
    async with tocsin.untended():
        tocsin.stack.services[service].kill()
        name = database_of(service)
        tocsin.stack.postgres.run(f"drop database {name} with (force)")
        tocsin.stack.postgres.run(f"create database {name} owner {name} template {template}")
        tocsin.stack.postgres.run(f"revoke connect, temporary on database {name} from public")
    await tocsin.ready()


def wipe_nats(tocsin: Tocsin) -> None:
    """Take away all that NATS kept; nobody may be tending."""
    tocsin.kill("nats")
    shutil.rmtree(tocsin.stack.directory / "nats")


async def provision(tocsin: Tocsin) -> None:
    """Make its streams and consumers anew, once the server is back."""
    await eventually(lambda: _has_no_streams(tocsin), within=PATIENCE)
    tocsin.stack.provision()
    await tocsin.ready()


async def _has_no_streams(tocsin: Tocsin) -> bool:
    """Whether the server is back, with nothing."""
    if not tocsin.bus.is_connected:
        return False
    for stream in STREAMS:
        try:
            await tocsin.bus.jetstream().stream_info(stream.name)
        except NotFoundError:
            continue
        except (NatsError, TimeoutError):  # it is not there yet
            return False
        return False
    return True


def retell(tocsin: Tocsin, service: str) -> Json:
    """Let a service tell everything again, at the keyboard; return what was told, by chapter."""
    where = f"--data-dir={tocsin.stack.directory}"
    done = shell.tocsin("retell", service, "--json", where, patience=300)
    assert done.returncode == 0, done.stderr
    return shell.last_object(done.stdout)["told"]
