"""Intake, wired."""

from fastapi import FastAPI

from tocsin_common.auth import KeyRing
from tocsin_common.group_commit import GroupCommit
from tocsin_common.sealing import Box
from tocsin_common.service import Role, Service
from tocsin_common.signatures import Signer, Verifier
from tocsin_contracts.events.cases import (
    ComplaintAcknowledged,
    ComplaintStatusChanged,
    DisclosureIntended,
    ReplyWritten,
)
from tocsin_contracts.streams import INTAKE, VAULT_QUESTION
from tocsin_contracts.taxonomy import load as load_taxonomy
from tocsin_intake import retelling, taxonomy
from tocsin_intake.acceptance import endpoints, pointers, statistics
from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.acceptance.service import Acceptor
from tocsin_intake.acceptance.storing import store_complaints
from tocsin_intake.adapters import kobo
from tocsin_intake.adapters.known import ROUTERS
from tocsin_intake.adapters.receiving import Receiving
from tocsin_intake.admin import (
    integrations,
    keys,
    notices,
    quarantine,
    reconciling,
    trying,
    worker_pages,
)
from tocsin_intake.attachments import endpoints as uploads
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.attachments.store import Store
from tocsin_intake.auth import Hotlines
from tocsin_intake.batch import endpoints as batches
from tocsin_intake.batch.service import MOST_BYTES, Batches
from tocsin_intake.dialogue import endpoints as dialogue
from tocsin_intake.dialogue import handlers as dialogue_handlers
from tocsin_intake.dialogue import hotline as dialogue_hotline
from tocsin_intake.dialogue.following import Following
from tocsin_intake.dialogue.guesses import Guesses
from tocsin_intake.dialogue.service import Counter
from tocsin_intake.disclosures import endpoints as disclosures
from tocsin_intake.disclosures.handlers import on_disclosures_intended
from tocsin_intake.erasure import endpoints as erasure
from tocsin_intake.erasure import places
from tocsin_intake.erasure.keeper import Keeper
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.imports import endpoints as imports
from tocsin_intake.imports.reader import Reader
from tocsin_intake.imports.tables import MOST_BYTES as MOST_TABLE
from tocsin_intake.integrations import loading
from tocsin_intake.integrations.usage import Usage
from tocsin_intake.media import endpoints as media
from tocsin_intake.media.fetching import Fetcher
from tocsin_intake.notices import endpoints as replies
from tocsin_intake.notices.telling import Teller
from tocsin_intake.outbound import Outbound
from tocsin_intake.quarantine.service import Quarantine
from tocsin_intake.reconciling.progress import Ledger
from tocsin_intake.reconciling.service import Reconciler
from tocsin_intake.settings import Settings
from tocsin_intake.vault import LocalKeys, TagKeys, Vault
from tocsin_intake.vault import endpoints as vault_endpoints
from tocsin_intake.vault import officers as vault_officers
from tocsin_intake.vault.officers import VaultOfficer
from tocsin_intake.vault.question import Answering, Terms
from tocsin_intake.worker_page.door import Door
from tocsin_intake.worker_page.pages import Pages
from tocsin_intake.worker_page.service import by_host


def create_app(role: Role = Role.SERVE, settings: Settings | None = None) -> FastAPI:
    """Make one process of intake."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] - from the environment
    intake = Service(INTAKE, settings, places.TABLES, [pointers.purge])
    database = intake.database
    vault = Vault(
        LocalKeys(settings.vault_key, *settings.vault_keys_before),
        TagKeys(settings.tag_key, *settings.tag_keys_before),
        Box(settings.box_private_key, settings.cases_box_public_key),
    )
    usage = Usage(database)
    hotlines = Hotlines(settings.hash_keys, lambda: loading.by_key(database, vault), usage.note)
    storing = GroupCommit(database.begin, store_complaints)
    officers: KeyRing[VaultOfficer] = KeyRing(
        settings.hash_keys, lambda: vault_officers.by_key(database)
    )
    eraser = Eraser(Signer(settings.certificate_key), settings.backup_days, settings.erasure_ledger)
    keeper = Keeper(database, eraser, settings.retention_days)
    attachments = None
    if settings.attachments_url:
        attachments = Attachments(database, Store(settings), vault.keys)
    if role.works:
        terms = Terms(
            vault,
            Verifier(settings.question_verify_keys),
            settings.hash_key,
            settings.openings_a_day,
        )
        intake.bus.answer(VAULT_QUESTION, Answering(database, terms, attachments).answer)
        intake.bus.listen(ComplaintStatusChanged, dialogue_handlers.on_status_changed)
        intake.bus.listen(ComplaintAcknowledged, dialogue_handlers.on_acknowledged)
        intake.bus.listen(ReplyWritten, dialogue_handlers.on_replies_written)
        intake.bus.listen(DisclosureIntended, on_disclosures_intended)
    guesses = Guesses()
    pages = Pages(settings.hash_keys, lambda: by_host(database))
    answering = [
        officers.running,
        usage.running,
        storing.running,
        guesses.running,
        pages.running,
    ]
    outbound = Outbound(plain_http=settings.outbound_plain_http)
    receipt_keys = (settings.receipt_key, *settings.receipt_keys_before)
    accepting = Accepting(Acceptor(vault, settings.hash_key, receipt_keys), storing)
    receiving = Receiving(
        accepting,
        Quarantine(database, vault, settings.hash_key),
        Following(database, vault, settings.hash_key),
    )
    reconciler = Reconciler(
        Ledger(database), receiving, outbound, lambda: hotlines.using(kobo.NAME)
    )
    fetcher = Fetcher(database, vault, hotlines, outbound, attachments)
    teller = Teller(database, vault, hotlines, outbound, settings.hash_key)
    app = intake.app(
        role,
        version="1",
        routers=[
            endpoints.router,
            batches.router,
            imports.router,
            uploads.router,
            taxonomy.router,
            *ROUTERS,
            integrations.router,
            keys.router,
            quarantine.router,
            trying.router,
            reconciling.router,
            worker_pages.router,
            notices.router,
            notices.waiting,
            statistics.router,
            vault_endpoints.tokens,
            vault_endpoints.openings,
            vault_endpoints.admin,
            erasure.admin,
            media.router,
            media.admin,
            disclosures.router,
            dialogue.router,
            dialogue_hotline.router,
            replies.router,
        ],
        running=[
            outbound.running,
            hotlines.running,
            *((*answering, reconciler.running) if role.answers else ()),
            *([attachments.dropping] if attachments and role.works else ()),
            *([keeper.running, fetcher.running, teller.running] if role.works else ()),
        ],
        body_limits={
            batches.PATH: MOST_BYTES,
            uploads.PATH: uploads.MOST_BYTES,
            imports.PATH: MOST_TABLE,
        },
        chapters=retelling.chapters(vault),
        before_retelling=keeper.replay,
    )
    if role.answers:
        app.router.routes.insert(0, Door(pages))
    app.state.vault = vault
    app.state.taxonomy = load_taxonomy(settings.taxonomy_file)
    app.state.hotlines = hotlines
    app.state.vault_officers = officers
    app.state.usage = usage
    app.state.accepting = accepting
    app.state.batches = Batches(accepting)
    app.state.eraser = eraser
    app.state.counter = Counter(vault, settings.hash_key, eraser)
    app.state.guesses = guesses
    app.state.receiving = receiving
    app.state.tables = Reader()
    app.state.reconciler = reconciler
    app.state.attachments = attachments
    app.state.outbound = outbound
    return app
