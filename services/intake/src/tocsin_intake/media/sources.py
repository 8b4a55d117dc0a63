"""Where each system keeps a file, and how it is asked for.

| system | what came along | how it is fetched |
| --- | --- | --- |
| WhatsApp Cloud | a number, good for 30 days | its address is asked for, and good for 5 minutes |
| Telegram | a file id | `getFile` tells its path, good for an hour; up to 20 MB |
| Twilio | an address | with the account's name and token, which are not sent on |
| RapidPro, KoboToolbox | an address | with the API token, if it is the server's own |
| generic | an address | from the hosts the operator named |

Read in others' words, and none of it tried on the systems themselves: Twilio wants HTTP Basic for
all media (its "Media subresource", September 2026) and redirects from `api.twilio.com` by 302 or
307, without credentials, to `mms.twiliocdn.com` (Abilityai/trinity#1932, 2026), formerly to
`media.twiliocdn.com` (codeforamerica/vita-min#563, 2020). Where an account had that protection off,
it led on to `s3-external-1.amazonaws.com`, which holds everybody's buckets: so it is no default.
RapidPro's courier puts attachments into a bucket of its operator's (`COURIER_S3_MEDIA_BUCKET`), and
flows tell addresses in it: that host must be named in `media_hosts`, and is shown no token.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tocsin_intake import pauses
from tocsin_intake.adapters.payloads import text_at
from tocsin_intake.adapters.reading import Malformed, read_json
from tocsin_intake.integrations import Hotline
from tocsin_intake.integrations.access import Access, access_of
from tocsin_intake.media.outcomes import Reason
from tocsin_intake.outbound import Outbound

_ID = re.compile(r"[A-Za-z0-9_-]{1,300}")
_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*(\.[A-Za-z0-9]+)?")


class NotGiven(Exception):
    """The system has not given the file."""

    def __init__(self, reason: Reason, asked: timedelta = timedelta()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.asked = asked
        """How long it asked us to wait."""


@asynccontextmanager
async def opened(
    outbound: Outbound, hotline: Hotline, reference: str, most: int
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """Begin to fetch a file; yield its blocks.

    Raises:
        NotGiven: the system refused, or nobody told how to speak to it.
        NotNamed: it lies where nobody said that intake may go.
        Unreached: there was no whole answer.
    """
    access = access_of(hotline)
    if access is None:
        raise NotGiven(Reason.NO_ACCESS)
    address = await _address(outbound, hotline, access, reference)
    async with outbound.download(address, access.reach, most) as file:
        _check(file.status, file.retry_after)
        yield file.blocks()


async def _address(outbound: Outbound, hotline: Hotline, access: Access, reference: str) -> str:
    match hotline.adapter:
        case "whatsapp_cloud":
            ours = hotline.system.whatsapp_cloud
            number = ours.phone_number_id if ours else None
            only = f"?phone_number_id={number}" if number else ""
            told = await _ask(outbound, access, f"{access.base}/{_plain_id(reference)}{only}")
            return _text(told, "url")
        case "telegram":
            asked = f"{access.base}/getFile?file_id={_plain_id(reference)}"
            path = _text(await _ask(outbound, access, asked), "result", "file_path")
            if not _PATH.fullmatch(path):
                raise NotGiven(Reason.NOT_UNDERSTOOD)
            return f"{access.files}/{path}"
        case _:
            return reference


async def _ask(outbound: Outbound, access: Access, address: str) -> Any:
    answer = await outbound.ask("GET", address, access.reach)
    _check(answer.status, answer.retry_after)
    try:
        return read_json(answer.body)
    except Malformed:
        raise NotGiven(Reason.NOT_UNDERSTOOD) from None


def _check(status: int, retry_after: str | None) -> None:
    match status:
        case 200:
            return
        case 401 | 403:
            raise NotGiven(Reason.NOT_PERMITTED)
        case 400 | 404 | 410:
            raise NotGiven(Reason.NOT_THERE)
        case _:
            raise NotGiven(Reason.NOT_NOW, pauses.asked_by(retry_after))


def _plain_id(reference: str) -> str:
    if not _ID.fullmatch(reference):
        raise NotGiven(Reason.NOT_UNDERSTOOD)
    return reference


def _text(told: Any, *path: str) -> str:
    if not (found := text_at(told, *path)):
        raise NotGiven(Reason.NOT_UNDERSTOOD)
    return found
