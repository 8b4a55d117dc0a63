"""What each NATS user may do, and the server configuration that says so: generated, never typed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tocsin_contracts.streams import (
    CASES,
    INTAKE,
    SERVICES,
    VAULT_QUESTION,
    heard_by,
    told_by,
)

PROVISION = "provision"
USERS = (PROVISION, *SERVICES)


def inbox_prefix(user: str) -> str:
    """Where answers to this user arrive; nobody else may listen there."""
    return f"_INBOX_{user}"


@dataclass(frozen=True)
class Permissions:
    """The subjects a user may publish to and subscribe to; all others are refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool = False
    """May answer a question it was asked."""


def permissions_of(user: str) -> Permissions:
    """Exactly the user's row in design section 3, plus the vault question."""
    if user == PROVISION:
        return Permissions(("$JS.API.>",), (f"{inbox_prefix(user)}.>",))
    publish = [stream.subjects for stream in told_by(user)]
    subscribe = [f"{inbox_prefix(user)}.>"]
    for consumer in heard_by(user):
        where = f"{consumer.stream.name}.{consumer.name}"
        publish += [
            f"$JS.API.CONSUMER.MSG.NEXT.{where}",
            f"$JS.API.CONSUMER.INFO.{where}",
            f"$JS.ACK.{where}.>",
        ]
    if user == CASES:
        publish.append(VAULT_QUESTION)
    if user == INTAKE:
        subscribe.append(f"{VAULT_QUESTION} {INTAKE}")
    return Permissions(tuple(publish), tuple(subscribe), answers=user == INTAKE)


def server_config(
    passwords: Mapping[str, str],
    *,
    store_dir: str,
    host: str = "127.0.0.1",
    port: int = 4222,
    sync: str = "always",
) -> str:
    """Return a nats-server configuration for one machine.

    Args:
        passwords: one for each of `USERS`, in clear or as a bcrypt hash.
        store_dir: where JetStream keeps its files.
        host: the address to listen on.
        port: the port to listen on.
        sync: JetStream's `sync_interval`; anything but `always` can lose an acknowledged
            event when the power fails.
    """
    quoted = {user: json.dumps(password) for user, password in passwords.items()}
    return f"""\
host: {json.dumps(host)}
port: {port}
server_name: tocsin
max_payload: 1MB
jetstream {{ store_dir: {json.dumps(store_dir)}, sync_interval: {sync} }}
accounts {{
{account(quoted)}
}}
"""


def account(passwords: Mapping[str, str], *, jetstream: str = "enabled") -> str:
    """Return the account of all services in nats-server's language.

    Args:
        passwords: how the configuration shows each user's: quoted, or as `$VARIABLE`.
        jetstream: what the account may store.
    """
    users = ",\n".join(_user(user, passwords[user]) for user in USERS)
    return f"""\
  TOCSIN {{
    jetstream: {jetstream}
    users: [
{users}
    ]
  }}"""


def _user(user: str, password: str) -> str:
    may = permissions_of(user)
    answers = ', allow_responses: { max: 1, expires: "10s" }' if may.answers else ""
    return (
        f"      {{ user: {user}, password: {password}, permissions: {{\n"
        f"        publish: {{ allow: {json.dumps(may.publish)} }}\n"
        f"        subscribe: {{ allow: {json.dumps(may.subscribe)} }}{answers} }} }}"
    )
