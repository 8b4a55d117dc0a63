"""What notifications is told by its environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyHttpUrl, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from tocsin_common.settings import Key, VerifyKeys
from tocsin_common.settings import Settings as CommonSettings
from tocsin_notifications.mail.smtp import Security

Network = IPv4Network | IPv6Network


def _networks(value: Any) -> Any:
    """Read `127.0.0.0/8,::1/128`."""
    if not isinstance(value, str):
        return value
    return tuple(ip_network(one.strip()) for one in value.split(",") if one.strip())


def _numbers(value: Any) -> Any:
    """Read `2,1`."""
    if not isinstance(value, str):
        return value
    numbers = tuple(int(one) for one in value.split(",") if one.strip())
    if not 1 <= len(numbers) <= 3 or any(one < 1 for one in numbers):
        raise ValueError("give one to three generations, as `2,1`")
    return numbers


class Settings(CommonSettings):
    """Notifications' own settings; `hash_key` is shared with the portal."""

    alert_verify_keys: VerifyKeys
    """The public keys that may have signed an alert, as `keyid:base64,…` (protection L5)."""
    webhook_key: Key
    """Endpoints' secrets are derived under it, so none is stored."""
    webhook_signing: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_numbers)] = (1,)
    """Which generations of the installation's own signing key sign, newest first: `2,1` while
    receivers learn the new one, then `2`."""
    allowed_networks: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    """Where endpoints may be besides public addresses, and without TLS: `127.0.0.0/8,::1/128`."""
    taxonomy_file: Path | None = None
    """The operator's taxonomy, when cases uses one instead of the shipped one."""
    portal_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    """Where buyers read what an alert says."""
    public_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    """Where this service itself is reached by people who follow a link in a mail."""
    smtp_host: str = ""
    """The mail server; without one no mail is sent."""
    smtp_port: int = 587
    """Its port."""
    smtp_user: str = ""
    """Who logs in there; without a name nobody does."""
    smtp_password: SecretStr = SecretStr("")
    """With which password."""
    smtp_security: Security = Security.STARTTLS
    """`starttls`, `tls`, or `plain` for a server on the same machine."""
    smtp_ca_file: Path | None = None
    """Whom to trust besides the system's authorities: a mail server of one's own."""
    smtp_timeout: float = Field(default=30, gt=0, le=120)
    """Seconds the mail server has for one message."""
    mail_from: str = "Tocsin <tocsin@localhost.localdomain>"
    """Whom mails are from."""
    mail_bounces: Annotated[str, Field(pattern=r"^$|^[^@+\s]{1,16}@[^@\s]+$")] = ""
    """Where undeliverable mails come back to: `bounces@…` becomes `bounces+<signed>@…`."""
    bounce_key: SecretStr = SecretStr("")
    """What the mail server shows when it hands over what came back; without one, it may not."""
    digest_poll_seconds: float = Field(default=30, gt=0)
    """Between looks for digests that are due."""
    attempt_timeout: float = Field(default=15, gt=0, le=60)
    """Seconds an endpoint has to answer."""
    lease_seconds: float = Field(default=5, ge=1, le=60)
    """After so long without a sign of its sender, a delivery is taken by another."""
    poll_seconds: float = Field(default=0.2, gt=0)
    """Between looks at what is due when nothing wakes us: retries, what other processes planned."""
    attempt_days: int = Field(default=90, ge=1, le=365)
    """How long an attempt is kept."""
    retry_scale: float = Field(default=1, gt=0)
    """Stretches or shrinks the waits between attempts; tests and demonstrations shrink them."""
