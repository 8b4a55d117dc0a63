"""What came of one try to tell an endpoint, whatever kind it is."""

from dataclasses import dataclass
from enum import StrEnum

GONE = 410


class Fault(StrEnum):
    """Why an attempt failed, in one word."""

    STATUS = "status"
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    NAME = "name"
    TLS = "tls"
    CONNECT = "connect"
    ADDRESS_REFUSED = "address_refused"
    PROTOCOL = "protocol"
    MAIL_SERVER = "mail_server"
    """The operator's own mail server was away or unwell: that says nothing of the address."""
    OURS = "ours"
    """We could not make the attempt; our log says where that was."""
    BOUNCED = "bounced"
    """The mail server took it, and it came back."""
    CHALLENGE = "challenge"
    """It answered, but not with the challenge that it was asked to repeat."""


OF_OURS = {Fault.MAIL_SERVER, Fault.OURS}
"""What says nothing of an endpoint."""


class Unreached(Exception):
    """No answer came."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault | None = fault


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered."""

    status: int
    excerpt: str
    retry_after: str | None = None
    unproven: bool = False
    """It was asked for a challenge and did not repeat it."""
    permanent: bool = False
    """It will say the same again, so it is not asked again."""
    of_ours: bool = False
    """It is what our own mail server says of itself."""

    @property
    def fault(self) -> Fault | None:
        """Only 2xx is success; a redirect is never followed."""
        if 200 <= self.status < 300:
            return Fault.CHALLENGE if self.unproven else None
        if self.of_ours:
            return Fault.MAIL_SERVER
        return Fault.REDIRECT if 300 <= self.status < 400 else Fault.STATUS

    @property
    def gone(self) -> bool:
        """There is nobody any more, and it says so."""
        return self.status == GONE
