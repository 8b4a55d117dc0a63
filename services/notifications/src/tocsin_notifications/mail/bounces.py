"""What comes back: reads a report on a mail that could not be delivered (RFC 3464).

It was written by whoever runs a mail server somewhere, or by somebody who says so: of all that it
says, only a few words are looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

SAID = 200  # characters of what a server said
MOST_ADDRESSES = 20
_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_REPLY = re.compile(r"\b5\d\d[ -]([245]\.\d{1,3}\.\d{1,3})")
_FOR_GOOD = {
    ("1", "0"),
    ("1", "1"),  # no such mailbox
    ("1", "2"),  # no such domain
    ("1", "3"),  # no address at all
    ("1", "6"),  # moved, and nobody knows where
    ("1", "10"),  # a domain that takes no mail
    ("2", "1"),  # a mailbox that was switched off
    ("4", "4"),  # nobody takes mail for it
}
"""Subject and detail of statuses (RFC 3463) that mean: there is nobody, and there will not be.

A full mailbox, a message that was taken for spam, and time that ran out mean less.
"""
_VAGUE = ("0", "0")


class Unreadable(ValueError):
    """It is no message that anybody could read."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a mail."""

    given_up: bool
    """It will not be delivered any more; a delay is none of our business."""
    for_good: bool
    """There is nobody at its address."""
    said: str
    """The status, and the beginning of what the server there answered."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A message that came to an address where mails come back to."""

    addresses: tuple[str, ...]
    """Where it says that it was sent to."""
    report: Report | None
    """None: somebody is out of office, say."""


def read(raw: bytes) -> Returned:
    """Read a message that came back.

    Raises:
        Unreadable: it cannot be read at all.
    """
    try:
        message = message_from_bytes(raw, policy=compat32)
        shown = [str(one) for name in _TO for one in message.get_all(name, [])]
        addresses = [address for _, address in getaddresses(shown[:MOST_ADDRESSES])]
        reports = [report for fields in _recipients(message) if (report := _report(fields))]
    except (RecursionError, LookupError, ValueError, AttributeError, TypeError) as error:
        raise Unreadable from error
    return Returned(
        addresses=tuple(addresses[:MOST_ADDRESSES]),
        report=next((one for one in reports if one.given_up), next(iter(reports), None)),
    )


def _recipients(message: Message) -> Iterator[Message]:
    """The groups of a delivery status that speak of a recipient; ours has only ever one."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return
    for part in message.get_payload():
        if not isinstance(part, Message) or not part.is_multipart():
            continue
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            groups = part.get_payload()
            yield from (one for one in groups if isinstance(one, Message) and one["Action"])


def _report(fields: Message) -> Report | None:
    action = str(fields["Action"]).strip().lower()
    if action not in ("failed", "delayed"):
        return None
    status = _STATUS.search(str(fields["Status"] or ""))
    answer = _words(str(fields["Diagnostic-Code"] or ""))
    clearer = _REPLY.search(answer)
    if clearer and (not status or status.group(2, 3) == _VAGUE):
        status = _STATUS.search(clearer[1])
    for_good = False
    if status and action == "failed":
        for_good = status[1] == "5" and (
            status.group(2, 3) in _FOR_GOOD or (status.group(2, 3) == _VAGUE and _no_user(answer))
        )
    said = f"{status[0] if status else action} {answer}".strip()
    return Report(given_up=action == "failed", for_good=for_good, said=said[:SAID])


def _no_user(answer: str) -> bool:
    """A server without statuses says 550 of a mailbox that is not there (RFC 5321)."""
    return re.search(r"\b55[013]\b", answer) is not None


def _words(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
