"""Intake, wired."""

from fastapi import FastAPI

from tocsin_common.group_commit import GroupCommit
from tocsin_common.sealing import Box
from tocsin_common.service import Role, Service
from tocsin_contracts.events.cases import ComplaintStatusChanged
from tocsin_contracts.streams import INTAKE
from tocsin_contracts.taxonomy import load as load_taxonomy
from tocsin_intake import admin, endpoints, handlers, integrations, service, statistics, taxonomy
from tocsin_intake.adapters import whatsapp_cloud
from tocsin_intake.auth import Hotlines
from tocsin_intake.endpoints import Accepting
from tocsin_intake.service import Acceptor
from tocsin_intake.settings import Settings
from tocsin_intake.vault import Vault


def create_app(role: Role = Role.SERVE, settings: Settings | None = None) -> FastAPI:
    """Make one process of intake."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] - from the environment
    intake = Service(INTAKE, settings)
    database = intake.database
    vault = Vault(
        settings.vault_key,
        settings.tag_key,
        Box(settings.box_private_key, settings.cases_box_public_key),
    )
    hotlines = Hotlines(settings.hash_key, lambda: integrations.by_key(database, vault))
    storing = GroupCommit(database.begin, service.store_complaints)
    if role.works:
        intake.bus.listen(ComplaintStatusChanged, handlers.on_status_changed)
    app = intake.app(
        role,
        version="1",
        routers=[
            endpoints.router,
            taxonomy.router,
            whatsapp_cloud.router,
            admin.router,
            statistics.router,
        ],
        running=[hotlines.running, storing.running] if role.answers else [],
    )
    app.state.vault = vault
    app.state.taxonomy = load_taxonomy(settings.taxonomy_file)
    app.state.hotlines = hotlines
    app.state.accepting = Accepting(
        Acceptor(vault, settings.hash_key, settings.receipt_key), storing
    )
    return app
