"""The operator's mail server: asks for TLS and a password, and refuses whom a test wants."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import AnyHttpUrl, SecretStr

from tocsin_common.testing import eventually

USER, PASSWORD = "tocsin", "correct horse"
BOUNCE_KEY = "what only the mail server knows"


@dataclass(frozen=True)
class Mail:
    """One message that was taken."""

    sender: str
    to: str
    message: EmailMessage
    raw: bytes

    @property
    def plain(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return part.get_content()


class Mailbox:
    """Takes mails for everybody, or answers each address as it was told to."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.tried: list[str] = []
        self.handed_over: list[str] = []
        self.port = 0
        self.certificate = Path()
        self._answers: dict[str, list[str]] = {}
        self._held: dict[str, asyncio.Event] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What makes an application send its mail here."""
        return {
            "smtp_host": "127.0.0.1",
            "smtp_port": self.port,
            "smtp_user": USER,
            "smtp_password": SecretStr(PASSWORD),
            "smtp_ca_file": self.certificate,
            "smtp_timeout": 60,
            "mail_from": "Tocsin <tocsin@monitor.example>",
            "mail_bounces": "bounces@monitor.example",
            "bounce_key": SecretStr(BOUNCE_KEY),
            "public_url": AnyHttpUrl("https://notifications.example"),
            "digest_poll_seconds": 0.2,
        }

    def answer(self, address: str, *answers: str) -> None:
        """Refuse this address with these answers, one after the other; then take it."""
        self._answers[address] = list(answers)

    def hold(self, address: str) -> asyncio.Event:
        """Take the next mail to this address only once the event is set."""
        self._held[address] = asyncio.Event()
        return self._held[address]

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == address]

    async def got(self, count: int, *, within: float = 60) -> list[Mail]:
        """Wait until at least so many mails have arrived."""
        await eventually(lambda: len(self.mails) >= count, within)
        return self.mails

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncGenerator["Mailbox"]:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate = certificate(folder)
        trust.load_cert_chain(self.certificate)

        def connection() -> SMTP:
            return SMTP(
                self,
                hostname="mail.example",
                tls_context=trust,
                require_starttls=True,
                auth_required=True,
                authenticator=_authenticate,
            )

        server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.tried.append(address)
        if answers := self._answers.get(address):
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        assert message.defects == []
        to = envelope.rcpt_tos[0]
        self.handed_over.append(to)
        if held := self._held.pop(to, None):
            await held.wait()
        self.mails.append(Mail(envelope.mail_from or "", to, message, raw))
        return "250 Taken"


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, shown: Any
) -> AuthResult:
    right = isinstance(shown, LoginPassword) and shown == LoginPassword(
        USER.encode(), PASSWORD.encode()
    )
    return AuthResult(success=right, handled=False)


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    file = folder / "mail.pem"
    if file.exists():
        return file
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + pem)
    return file
