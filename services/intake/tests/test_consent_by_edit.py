"""Less consent counts at once, whoever says it; more is never given by an edit (protection V8)."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from systems import Line, a_submission, register
from test_changes import Scene, a_kobo_edit

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_contracts.events.complaints import ConsentChanged
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

Form = dict[str, Any]
MOST: Form = {
    "report/share": "given",
    "report/contact_me": "yes",
    "report/contact": "+84 900 000 009",
    "report/contact_supplier": "about_complaint",
}
AGREED = ("given", "about_complaint", True)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> AsyncGenerator[Scene]:
    app = create_app(settings=settings)
    async with serving(app) as client:
        yield Scene(client, app.state.vault, database, operator)


async def agreed(scene: Scene) -> tuple[str, str, bool]:
    [row] = await scene.rows(
        "select coalesce(d.share, c.facts ->> 'share') as share,"
        " coalesce(d.supplier_contact, c.facts ->> 'supplier_contact') as supplier,"
        " v.contact is not null as contact from complaint c"
        " join vault_entry v on v.complaint_id = c.id"
        " left join dialogue d on d.complaint_id = c.id"
    )
    return row["share"], row["supplier"], row["contact"]


async def handed_in(scene: Scene, **said: Any) -> Line:
    """The line by which a form was handed in."""
    line = await register(scene.client, scene.operator, "kobo")
    await line.send(a_submission(**said))
    assert len(await scene.complaints()) == 1
    return line


@pytest.mark.parametrize(
    ("changed", "left"),
    [
        ({"report/share": "refused"}, ("refused", "about_complaint", True)),
        ({"report/share": "no"}, ("refused", "about_complaint", True)),
        ({"report/share": "not_asked"}, ("not_asked", "about_complaint", True)),
        ({"report/contact_me": "no"}, ("given", "about_complaint", False)),
        ({"report/contact_supplier": "generic_enquiry"}, ("given", "generic_enquiry", True)),
        ({"report/contact_supplier": "never"}, ("given", "never", True)),
        ({"report/share": None}, ("not_asked", "about_complaint", True)),
        ({"report/share": "no", "report/contact_me": "no"}, ("refused", "about_complaint", False)),
        ({}, AGREED),
    ],
)
async def test_an_edit_that_takes_consent_back_counts_at_once(
    scene: Scene, told: Any, changed: Form, left: tuple[str, str, bool]
) -> None:
    line = await handed_in(scene, **MOST)
    assert await agreed(scene) == AGREED
    edit = a_kobo_edit("u2", "Corrected.", **{**MOST, **changed})

    for _ in range(2):
        assert (await line.send(edit)).json() == {"received": 1}

    assert await agreed(scene) == left
    assert len(await scene.messages()) == 1
    if not changed:
        return

    async def narrowed() -> Any:
        return [one for one in await told("COMPLAINTS") if "consent_changed" in one.subject]

    [event] = [ConsentChanged.model_validate_json(one.data) for one in await eventually(narrowed)]
    assert (event.share, event.supplier_contact) == left[:2]
    assert event.version == 1


LEAST: Form = {
    "report/share": "refused",
    "report/contact_me": "no",
    "report/contact_supplier": "never",
}


@pytest.mark.parametrize(
    "changed",
    [
        {"report/share": "given"},
        {"report/share": "not_asked"},
        {"report/contact_me": "yes", "report/contact": "+84 900 000 009"},
        {"report/contact_supplier": "generic_enquiry"},
        {"report/contact_supplier": "about_complaint"},
        MOST,
    ],
)
async def test_an_edit_gives_no_more_consent_and_what_it_says_is_kept_as_a_message(
    scene: Scene, changed: Form
) -> None:
    line = await handed_in(scene, **LEAST)

    await line.send(a_kobo_edit("u2", "Corrected.", **{**LEAST, **changed}))

    assert await agreed(scene) == ("refused", "never", False)
    assert await scene.rows("select complaint_id from dialogue where consent_version > 0") == []
    [message] = await scene.messages()
    assert message.startswith("Corrected.")
    assert ("consent.share: given" in message) == (changed.get("report/share") == "given")


async def test_an_edit_that_says_less_of_one_and_more_of_another_takes_only_back(
    scene: Scene,
) -> None:
    said = {"report/share": "given", "report/contact_supplier": "never"}
    line = await handed_in(scene, **said)

    swapped = {"report/share": "refused", "report/contact_supplier": "about_complaint"}
    await line.send(a_kobo_edit("u2", "Corrected.", **swapped))

    assert await agreed(scene) == ("refused", "never", False)


async def test_an_edit_read_again_takes_nothing_back_that_the_worker_gave_since(
    scene: Scene,
) -> None:
    line = await handed_in(scene, **{"report/share": "given"})
    edit = a_kobo_edit("u2", "Corrected.", **{"report/share": "refused"})
    await line.send(edit)
    await scene.rows("update dialogue set share = 'given' returning complaint_id")

    await line.send(edit)
    await line.send(a_kobo_edit("u3", "Another word."))

    assert (await agreed(scene))[0] == "given"


async def test_an_edit_narrows_also_where_no_more_messages_are_taken(scene: Scene) -> None:
    line = await handed_in(scene, **{"report/share": "given"})
    await scene.rows(
        "insert into message select gen_random_uuid(), id, 'hotline', now(), ''"
        " from complaint, generate_series(1, 200) returning id"
    )

    edit = a_kobo_edit("u2", "Corrected.", **{"report/share": "refused"})
    assert (await line.send(edit)).json() == {"received": 0}

    assert (await agreed(scene))[0] == "refused"
    assert await scene.quarantined() == ["nothing_more"]
