"""A real PostgreSQL and a real nats-server that live and die with the process that starts them."""

from tocsin_cli.embedded.nats_server import NatsServer
from tocsin_cli.embedded.postgres import Postgres

__all__ = ["NatsServer", "Postgres"]
