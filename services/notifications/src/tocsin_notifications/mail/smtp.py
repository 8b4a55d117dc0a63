"""The way to the operator's mail server."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum

import aiosmtplib

from tocsin_notifications.deliveries.outcomes import Answer, Fault, Unreached

MOST_AT_ONCE = 8  # connections: mail servers refuse those who come with many
OK = 250
PERMANENT = range(500, 600)
EXCERPT = 200  # characters


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

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Nothing is held between messages."""
        yield

    async def hand_over(self, message: EmailMessage, *, sender: str, to: str) -> Answer | Unreached:
        """Hand over one message; the mail server takes it from there.

        What it refuses for good (5xx for the recipient or the content) is not tried again; all
        else is, for the fault may be ours or its own.
        """
        try:
            async with self._few, asyncio.timeout(self._server.timeout):
                return await self._hand_over(message, sender=sender, to=to)
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return Unreached(Fault.TIMEOUT)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _refused(first.code, first.message)
        except aiosmtplib.SMTPSenderRefused as error:
            return Answer(error.code, error.message[:EXCERPT])
        except aiosmtplib.SMTPDataError as error:
            return _refused(error.code, error.message)
        except aiosmtplib.SMTPAuthenticationError:
            return Unreached(Fault.PROTOCOL)
        except ssl.SSLError:
            return Unreached(Fault.TLS)
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
            return Unreached(_fault_of(error))
        except aiosmtplib.SMTPException:
            return Unreached(Fault.PROTOCOL)

    async def _hand_over(self, message: EmailMessage, *, sender: str, to: str) -> Answer:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=server.trust,
            timeout=server.timeout,
        )
        async with client:
            _, said = await client.send_message(message, sender=sender, recipients=[to])
        return Answer(OK, said[:EXCERPT])


def _refused(code: int, said: str) -> Answer:
    return Answer(code, said[:EXCERPT], permanent=code in PERMANENT)


def _fault_of(error: Exception) -> Fault:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS
        cause = cause.__cause__ or cause.__context__
    return Fault.CONNECT
