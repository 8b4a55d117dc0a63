"""Cases, wired."""

from datetime import timedelta
from functools import partial
from itertools import product

from fastapi import FastAPI

from tocsin_cases import places, retelling
from tocsin_cases.auth import Caller
from tocsin_cases.casework import changes, retention
from tocsin_cases.casework import dialogue_endpoints as dialogue
from tocsin_cases.casework import endpoints as casework
from tocsin_cases.casework.handlers import Desk, on_complaints_received
from tocsin_cases.casework.opening import Asking
from tocsin_cases.casework.overdue import Overdue
from tocsin_cases.chance import Chance
from tocsin_cases.disclosure import endpoints as disclosure
from tocsin_cases.disclosure.handlers import on_disclosures_held
from tocsin_cases.disclosure.schedule import Timing, calendar
from tocsin_cases.disclosure.slot_keeper import SlotKeeper
from tocsin_cases.disclosure.terms import Terms
from tocsin_cases.officers import endpoints as officers
from tocsin_cases.officers.service import by_key
from tocsin_cases.registry import endpoints as registry
from tocsin_cases.settings import Settings
from tocsin_common.auth import KeyRing
from tocsin_common.sealing import Box
from tocsin_common.service import Role, Service
from tocsin_common.signatures import Signer
from tocsin_contracts import taxonomy
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    ConsentChanged,
    DisclosureHeld,
    Erased,
    MessageAdded,
    Withdrawn,
)
from tocsin_contracts.streams import CASES


def create_app(role: Role = Role.SERVE, settings: Settings | None = None) -> FastAPI:
    """Make one process of cases."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] - from the environment
    terms = terms_of(settings)
    too_old = partial(retention.purge, terms.taxonomy, settings.retention_days)
    cases = Service(CASES, settings, places.TABLES, [too_old])
    known_officers: KeyRing[Caller] = KeyRing(settings.hash_keys, lambda: by_key(cases.database))
    desk = Desk(box_of(settings), terms.taxonomy)
    said = (ConsentChanged, Withdrawn, Erased, DisclosureHeld)
    keeper = SlotKeeper(cases.database, terms, partial(cases.bus.has_heard, *said))
    if role.works:
        cases.bus.listen(ComplaintReceived, partial(on_complaints_received, desk))
        cases.bus.listen(MessageAdded, changes.on_messages_added)
        cases.bus.listen(ConsentChanged, partial(changes.on_consent_changed, terms.taxonomy))
        cases.bus.listen(Withdrawn, partial(changes.on_withdrawn, terms.taxonomy))
        cases.bus.listen(Erased, partial(changes.on_erased, terms.taxonomy))
        cases.bus.listen(DisclosureHeld, on_disclosures_held)
    app = cases.app(
        role,
        version="1",
        routers=[
            dialogue.router,
            casework.complaints,
            casework.cases,
            disclosure.alerts,
            disclosure.intentions,
            registry.router,
            officers.admin,
            registry.admin,
            disclosure.admin,
        ],
        running=[
            *([known_officers.running] if role.answers else []),
            *([keeper.running] if role.works else []),
            *([Overdue(cases.database).running] if role.works else []),
        ],
        chapters=retelling.chapters(terms),
    )
    app.state.officers = known_officers
    app.state.desk = desk
    app.state.asking = Asking(cases.bus, Signer(settings.question_signing_key))
    app.state.terms = terms
    app.state.chance = terms.chance
    return app


def box_of(settings: Settings) -> Box:
    """What opens what intake sealed, under these keys or those they replaced."""
    own = (settings.box_private_key, *settings.box_private_keys_before)
    intakes = (settings.intake_box_public_key, *settings.intake_box_public_keys_before)
    return Box(own[0], intakes[0], also=product(own, intakes))


def terms_of(settings: Settings) -> Terms:
    """The terms of disclosure that the settings name."""
    return Terms(
        slots=calendar(settings.slots),
        timing=Timing(
            settle=timedelta(seconds=settings.settle_seconds),
            spread=timedelta(seconds=settings.spread_seconds),
            notice=timedelta(seconds=settings.notice_seconds),
        ),
        taxonomy=taxonomy.load(settings.taxonomy_file),
        signer=Signer(settings.alert_signing_key),
        chance=Chance(),
    )
