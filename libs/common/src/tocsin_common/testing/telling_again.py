"""Has a service tell everything again, and sees what stands in a stream."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg

from tocsin_common.testing.http import Client
from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import HEARERS

PATH = "/v1/admin/retelling"
_FACTS = {fact.subject: fact for fact in HEARERS}

Standing = Mapping[tuple[str, UUID], tuple[str, Mapping[str, Any]]]
"""By kind and aggregate: the fact that was told last, and what it says."""


async def tell_again(client: Client, operator: Mapping[str, str]) -> int:
    """Go through all of it by the operator's door; return how much was told.

    Raises:
        AssertionError: it was refused.
    """
    number, go_on = 0, {}
    while go_on is not None:
        answer = await client.post(PATH, json=go_on, headers=operator)
        if answer.status != 200:
            raise AssertionError(answer)
        number += answer.json()["told"]
        go_on = answer.json()["next"]
    return number


def standing(messages: Sequence[Msg], without: Sequence[str] = ()) -> Standing:
    """The newest version of each aggregate, as those who hear it keep it.

    Args:
        messages: what lies in a stream.
        without: fields that are not compared, beside the event's own id.
    """
    newest: dict[tuple[str, UUID], tuple[str, Mapping[str, Any]]] = {}
    for event in sorted(map(_read, messages), key=_version):
        said = event.model_dump(exclude={"event_id", *without})
        newest[event.kind, event.aggregate] = event.subject, said
    return newest


def _read(message: Msg) -> Event:
    return _FACTS[message.subject].model_validate_json(message.data)


def _version(event: Event) -> int:
    return event.version
