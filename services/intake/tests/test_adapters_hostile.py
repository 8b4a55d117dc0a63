"""Whatever a system sends, mutated anywhere, is translated, set aside or malformed: no error."""

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import pytest
from documented import DOCUMENTED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from systems import SENT, SYSTEMS, Line, a_run, register
from test_changes import CHANGES
from test_media_that_follows import POSTS

from tocsin_common.testing.http import Client
from tocsin_intake.adapters.known import TRANSLATORS
from tocsin_intake.adapters.payloads import Payload
from tocsin_intake.adapters.reading import Malformed
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import System
from tocsin_intake.schemas import IntegrationDefaults

FORM = "application/x-www-form-urlencoded"
ODD: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        1e300,
        "",
        " ",
        "\u00a0",
        "\x00",
        "\ud800",
        "x" * 25_000,
    ),
    *("é", "A", "tel: ", "tel:", ":", "@", "[]", "{}", "http://", "٣", "\u202e", "\n", "🐦" * 400),
    *([], {}, [[]], [{}], [None], {"": ""}, {"id": {}}, [[[[[[]]]]]]),
]
SEEDS = [
    (adapter, body)
    for adapter in TRANSLATORS
    for body in (
        SENT[adapter],
        *CHANGES.get(adapter, ())[:3],
        *(POSTS if adapter == "telegram" else ()),
        *DOCUMENTED.get(adapter, {}).values(),
    )
]


def places(found: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key in it."""
    within = cast("dict[Any, Any] | list[Any]", found)
    for key in list(within) if isinstance(within, dict) else range(len(within)):
        one = within[key]
        yield within, key
        if isinstance(one, dict | list):
            yield from places(one)


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    adapter, seed = draw(st.sampled_from(SEEDS))
    body = copy.deepcopy(seed)
    for _ in range(draw(st.integers(1, 4))):
        if not (there := list(places(body))):
            break
        within, key = draw(st.sampled_from(there))
        match draw(
            st.sampled_from(["odd", "odd", "gone", "elsewhere", "wrapped", "renamed", "any"])
        ):
            case "odd":
                within[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "gone":
                del within[key]
            case "elsewhere":
                outer, other = draw(st.sampled_from(there))
                within[key] = copy.deepcopy(outer[other])
            case "wrapped":
                within[key] = draw(st.sampled_from([[within[key]], {"text": within[key]}]))
            case "renamed":
                one = within[key]
                if isinstance(within, dict):
                    within[draw(st.sampled_from([str(name) for _, name in there]))] = one
            case _:
                within[key] = draw(st.text(max_size=40))
    return adapter, body


def as_sent(adapter: str, body: Any) -> Payload:
    """As its system would write it down."""
    if adapter == "twilio" and isinstance(body, dict):
        form = cast("dict[Any, Any]", body)
        flat = {str(name): str(one) for name, one in form.items()}
        written = urlencode(flat, errors="surrogatepass").encode()
        return Payload(body=written, content_type=FORM)
    written = json.dumps(body, allow_nan=True).encode()
    return Payload(body=written, content_type="application/json", message_id="m")


def a_hotline(adapter: str) -> Hotline:
    system = System.model_validate(SYSTEMS[adapter])
    return Hotline(UUID(int=1), adapter, IntegrationDefaults(), (system,))


@given(mutated())
@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_payload_is_translated_set_aside_or_malformed(sent: tuple[str, Any]) -> None:
    adapter, body = sent

    try:
        found = TRANSLATORS[adapter](a_hotline(adapter), as_sent(adapter, body))
    except Malformed:
        return

    for one in (*found.complaints, *(change.alone for change in found.changes if change.alone)):
        assert one.words, "no complaint without words"
        said = one.model_dump_json()
        assert type(one).model_validate_json(said).model_dump_json() == said


@given(st.sampled_from(sorted(TRANSLATORS)), st.binary(max_size=200), st.sampled_from([FORM, ""]))
def test_bytes_are_no_other_error_either(adapter: str, body: bytes, content_type: str) -> None:
    with contextlib.suppress(Malformed):
        TRANSLATORS[adapter](a_hotline(adapter), Payload(body=body, content_type=content_type))


@pytest.mark.parametrize(
    "urn", ["é:5", "t:5", "tel: ?x", ":5", "AB:5", "a" * 60 + ":5", "tel:", ""]
)
def test_a_contact_of_any_scheme_is_a_source_or_none(urn: str) -> None:
    body = a_run(contact={"urn": urn, "uuid": "c1"})

    [complaint] = TRANSLATORS["rapidpro"](
        a_hotline("rapidpro"), as_sent("rapidpro", body)
    ).complaints

    assert complaint.source
    assert complaint.source.handle in ("5", "c1")


def test_a_place_that_rapidpro_sends_is_words_and_no_file() -> None:
    sent = as_sent("rapidpro", DOCUMENTED["rapidpro"]["place"])

    [complaint] = TRANSLATORS["rapidpro"](a_hotline("rapidpro"), sent).complaints

    assert (complaint.words, complaint.media) == ("[location: -2.90875,-79.0117686]", ())


@pytest.mark.parametrize("adapter", sorted(TRANSLATORS))
async def test_what_is_documented_and_rare_is_answered_and_nothing_is_an_error(
    intake: Client, operator: dict[str, str], adapter: str
) -> None:
    line: Line = await register(intake, operator, adapter)

    for name, body in DOCUMENTED.get(adapter, {}).items():
        answer = await line.send(body)
        assert answer.status == 200, (name, answer)
