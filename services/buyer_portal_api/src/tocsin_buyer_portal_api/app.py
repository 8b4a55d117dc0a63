"""The buyer portal's API, wired."""

from functools import partial

from fastapi import FastAPI

from tocsin_buyer_portal_api import auth, places, retelling
from tocsin_buyer_portal_api.alerts import endpoints as alerts
from tocsin_buyer_portal_api.alerts import handlers as hearing_alerts
from tocsin_buyer_portal_api.alerts import retention
from tocsin_buyer_portal_api.buyers import endpoints as buyers
from tocsin_buyer_portal_api.buyers.service import by_key
from tocsin_buyer_portal_api.contracts import endpoints as contracts
from tocsin_buyer_portal_api.settings import Settings
from tocsin_buyer_portal_api.suppliers import endpoints as suppliers
from tocsin_buyer_portal_api.suppliers import handlers as hearing_registry
from tocsin_common.auth import KeyRing
from tocsin_common.service import Role, Service
from tocsin_common.signatures import Verifier
from tocsin_contracts.events.alerts import AlertCorrected, AlertEnded, AlertRaised, AlertUpdated
from tocsin_contracts.events.deliveries import DeliveryFailed, DeliverySucceeded
from tocsin_contracts.events.registry import FacilityChanged, LinkChanged, OrganisationChanged
from tocsin_contracts.streams import BUYER_PORTAL_API


def create_app(role: Role = Role.SERVE, settings: Settings | None = None) -> FastAPI:
    """Make one process of the portal."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] - from the environment
    portal = Service(BUYER_PORTAL_API, settings, places.TABLES, [retention.purge])
    known_buyers: KeyRing[auth.Caller] = KeyRing(
        settings.hash_keys, lambda: by_key(portal.database)
    )
    if role.works:
        _listen(portal, Verifier(settings.alert_verify_keys))
    app = portal.app(
        role,
        version="1",
        routers=[
            alerts.router,
            suppliers.router,
            contracts.router,
            buyers.router,
            buyers.admin,
            contracts.admin,
        ],
        running=[known_buyers.running] if role.answers else [],
        chapters=retelling.CHAPTERS,
    )
    app.state.buyers = known_buyers
    return app


def _listen(portal: Service, verifier: Verifier) -> None:
    for fact in (AlertRaised, AlertUpdated, AlertCorrected, AlertEnded):
        portal.bus.listen(fact, partial(hearing_alerts.on_alerts, verifier))
    for fact in (DeliverySucceeded, DeliveryFailed):
        portal.bus.listen(fact, hearing_alerts.on_deliveries)
    portal.bus.listen(OrganisationChanged, hearing_registry.on_organisations)
    portal.bus.listen(FacilityChanged, hearing_registry.on_facilities)
    portal.bus.listen(LinkChanged, hearing_registry.on_links)
