"""The settings every service has, read from the environment or from files of secrets."""

import base64
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _key(value: Any) -> Any:
    """Read 32 bytes from their base64."""
    if not isinstance(value, str):
        return value
    key = base64.b64decode(value, validate=True)
    if len(key) != 32:
        raise ValueError("a key is 32 bytes in base64")
    return key


Key = Annotated[bytes, BeforeValidator(_key), Field(repr=False)]
"""Thirty-two secret bytes, written in base64."""


def _keys(value: Any) -> Any:
    """Read some keys, separated by commas."""
    if not isinstance(value, str):
        return value
    return tuple(_key(one.strip()) for one in value.split(",") if one.strip())


def _verify_keys(value: Any) -> Any:
    """Read `keyid:base64,…`."""
    if not isinstance(value, str):
        return value
    pairs = (one.strip().partition(":") for one in value.split(",") if one.strip())
    keys = {name: base64.b64decode(key, validate=True) for name, _, key in pairs}
    if not keys or any(not name or len(key) != 32 for name, key in keys.items()):
        raise ValueError("give at least one key as `keyid:base64 of 32 bytes`")
    return keys


Keys = Annotated[tuple[bytes, ...], NoDecode, BeforeValidator(_keys), Field(repr=False)]
"""Some keys, separated by commas."""
VerifyKeys = Annotated[dict[str, bytes], NoDecode, BeforeValidator(_verify_keys)]
"""The public keys that may have signed something, as `keyid:base64,…`."""


class Settings(BaseSettings):
    """`TOCSIN_DATABASE_URL` and so on; or a file `tocsin_database_url` in `TOCSIN_SECRETS_DIR`."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_",
        secrets_dir=os.environ.get("TOCSIN_SECRETS_DIR"),
        hide_input_in_errors=True,
        extra="ignore",
        frozen=True,
    )

    database_url: SecretStr
    """`postgresql://role:password@host:port/database`"""
    database_ca_file: Path | None = None
    """Whose certificate PostgreSQL must show, for the name in its URL; without one, TLS is not
    demanded."""
    nats_url: str = "nats://127.0.0.1:4222"
    """One server, or several with commas between them."""
    nats_password: SecretStr = SecretStr("")
    """Of the NATS user that has the service's name."""
    nats_ca_file: Path | None = None
    """Whose certificate NATS must show, where its URL is `tls://`; without one, the system's."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 8000
    """The port of the HTTP API."""
    metrics_port: int = 0
    """Where `/metrics` is served, never on the public port; 0: nowhere."""
    admin_key: SecretStr = SecretStr("")
    """What operators show at `/v1/admin`; without one that door stays shut."""
    hash_key: Key
    """For keyed hashes of API keys and references; it is not in the database."""
    hash_keys_before: Keys = ()
    """Those it replaced: API keys and cursors made under them are known still. Not enough for
    intake, where nothing else made under another one would be found."""
    otlp_endpoint: str = ""
    """Where traces go, as `http://collector:4318`; without one they go nowhere."""
    trace_ratio: float = Field(default=1.0, ge=0, le=1)
    """The share of traces that are recorded."""
    body_limit: int = 1_000_000
    """The largest request body, in bytes."""
    migrate_at_start: bool = False
    """Bring the database to this version's schema before serving (one machine)."""

    @property
    def hash_keys(self) -> tuple[bytes, ...]:
        """The hash key, and those it replaced."""
        return (self.hash_key, *self.hash_keys_before)
