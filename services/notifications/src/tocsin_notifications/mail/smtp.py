"""The way to the operator's mail server."""

import asyncio
import logging
import re
import socket
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum

import aiosmtplib

from tocsin_common.telemetry import gauge
from tocsin_notifications.deliveries.outcomes import Answer, Fault, Unreached

log = logging.getLogger("tocsin.mail")

MOST_AT_ONCE = 8  # connections: mail servers refuse those who come with many
OK = 250
CLOSING = 421  # "service not available"
PERMANENT = range(500, 600)
OF_ITSELF = re.compile(r"[45]\.3\.\d")  # "mail system status"
EXCERPT = 200  # characters
SHORTEST, LONGEST = 1.0, 60.0  # seconds for which a server that is away is left alone

away = gauge("mail_server_away", "1 while the operator's own mail server takes nothing")


class Security(StrEnum):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"
    """For a server on the same machine."""


@dataclass(frozen=True)
class Server:
    """The mail server, and how to speak with it."""

    host: str
    port: int
    user: str
    password: str
    security: Security
    timeout: float
    trust: ssl.SSLContext | None = None


class Post:
    """Hands messages to the mail server, few at once."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._few = asyncio.Semaphore(MOST_AT_ONCE)
        self._pause = 0.0
        self._away_until = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Nothing is held between messages."""
        yield

    def rest(self) -> float:
        """For how many seconds the mail server is left alone, since it was away."""
        return max(0.0, self._away_until - time.monotonic())

    async def reach(self) -> Fault | None:
        """Connect, prove who both are, and leave; return why that failed."""
        try:
            async with asyncio.timeout(self._server.timeout), self._client():
                return None
        except Exception as error:
            return _fault_of(error)

    async def hand_over(self, message: EmailMessage, *, sender: str, to: str) -> Answer | Unreached:
        """Hand over one message; the mail server takes it from there.

        What it refuses for good (5xx for the recipient or the content) is not tried again; all
        else is. That it is away, or unwell itself, is not held against the address.
        """
        answer = await self._answer(message, sender=sender, to=to)
        if answer.fault is Fault.MAIL_SERVER:
            self._failed()
        else:
            self._pause = self._away_until = 0.0
            away.set(0)
        return answer

    def _failed(self) -> None:
        """Leave the server alone, for longer each time; what failed meanwhile changes nothing."""
        away.set(1)
        if not self.rest():
            self._pause = min(max(2 * self._pause, SHORTEST), LONGEST)
            self._away_until = time.monotonic() + self._pause

    async def _answer(self, message: EmailMessage, *, sender: str, to: str) -> Answer | Unreached:
        try:
            async with self._few, asyncio.timeout(self._server.timeout):
                return await self._hand_over(message, sender=sender, to=to)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _refused(first.code, first.message)
        except aiosmtplib.SMTPSenderRefused as error:
            return Answer(error.code, error.message[:EXCERPT], of_ours=True)
        except aiosmtplib.SMTPDataError as error:
            return _refused(error.code, error.message)
        except (
            aiosmtplib.SMTPException,
            OSError,
        ) as error:  # TimeoutError and SSLError are OSErrors
            log.warning("the mail server is away or unwell: %s", _fault_of(error))
            return Unreached(Fault.MAIL_SERVER)

    async def _hand_over(self, message: EmailMessage, *, sender: str, to: str) -> Answer:
        async with self._client() as client:
            _, said = await client.send_message(message, sender=sender, recipients=[to])
        return Answer(OK, said[:EXCERPT])

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=server.trust,
            timeout=server.timeout,
        )


def _refused(code: int, said: str) -> Answer:
    """What was said of a recipient or a message, unless the server speaks of itself (RFC 3463)."""
    of_ours = code == CLOSING or bool(OF_ITSELF.match(said))
    return Answer(
        code, said[:EXCERPT], permanent=code in PERMANENT and not of_ours, of_ours=of_ours
    )


def _fault_of(error: Exception) -> Fault:
    """Why the server could not be spoken to."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS
        if isinstance(cause, TimeoutError):
            return Fault.TIMEOUT
        if isinstance(cause, socket.gaierror):
            return Fault.NAME
        if isinstance(cause, aiosmtplib.SMTPResponseException):
            return Fault.STATUS
        cause = cause.__cause__ or cause.__context__
    away = (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError)
    return Fault.CONNECT if isinstance(error, away) else Fault.PROTOCOL
