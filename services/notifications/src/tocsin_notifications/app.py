"""Notifications, wired."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from uuid import UUID

from aiohttp.abc import AbstractResolver
from fastapi import FastAPI

from tocsin_common.auth import KeyRing
from tocsin_common.service import Role, Service
from tocsin_common.signatures import Verifier
from tocsin_contracts import taxonomy
from tocsin_contracts.events.alerts import AlertCorrected, AlertEnded, AlertRaised, AlertUpdated
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged, ReachChanged
from tocsin_contracts.streams import NOTIFICATIONS
from tocsin_notifications import endpoints, handlers, places, retelling
from tocsin_notifications.acknowledgements import endpoints as acknowledgements
from tocsin_notifications.alerts import retention as retention_of_alerts
from tocsin_notifications.buyers import by_key
from tocsin_notifications.deliveries.courier import Courier, Terms
from tocsin_notifications.deliveries.lag import Lag
from tocsin_notifications.deliveries.retention import Retention
from tocsin_notifications.digests.gathering import Gathering
from tocsin_notifications.events import endpoints as events
from tocsin_notifications.handlers import Alerting
from tocsin_notifications.listen import endpoints as listen
from tocsin_notifications.mail import endpoints as mail
from tocsin_notifications.mail import notices
from tocsin_notifications.mail.mailing import Addresses, Mailing
from tocsin_notifications.mail.smtp import Post, Server
from tocsin_notifications.models import Kind
from tocsin_notifications.settings import Settings
from tocsin_notifications.subscriptions import endpoints as subscriptions
from tocsin_notifications.webhooks import signing, upkeep
from tocsin_notifications.webhooks.outbound import Outbound
from tocsin_notifications.webhooks.posting import Posting

MAILS_AT_ONCE = 32  # on their way, of which the mail server is handed a few at once


def create_app(
    role: Role = Role.SERVE,
    settings: Settings | None = None,
    resolver: AbstractResolver | None = None,
) -> FastAPI:
    """Make one process of notifications; `resolver` looks endpoints' names up, not the system's."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] - from the environment
    notifications = Service(NOTIFICATIONS, settings, places.TABLES, retention_of_alerts.PURGES)
    database = notifications.database
    keys: KeyRing[UUID] = KeyRing(settings.hash_keys, lambda: by_key(database))
    signing_keys = [
        signing.key_of(settings.webhook_key, generation) for generation in settings.webhook_signing
    ]
    outbound = Outbound(
        settings.allowed_networks, timeout=settings.attempt_timeout, resolver=resolver
    )
    post = _post(settings)
    terms = Terms(
        lease=settings.lease_seconds, poll=settings.poll_seconds, retry_scale=settings.retry_scale
    )
    couriers = [
        Courier(
            database,
            Kind.WEBHOOK,
            Posting(outbound, settings.webhook_key, signing_keys),
            terms,
            on_disabled=notices.plan,
        )
    ]
    if settings.smtp_host:
        few = replace(terms, most=MAILS_AT_ONCE)
        mailing = Mailing(database, post, _addresses(settings))
        couriers.append(Courier(database, Kind.EMAIL, mailing, few))

    def wake() -> None:
        for courier in couriers:
            courier.wake()

    gathering = Gathering(database, wake, settings.digest_poll_seconds)
    lag = Lag(database)
    retention = Retention(database, settings.attempt_days)
    if role.works:
        _listen(notifications, settings, wake)
    app = notifications.app(
        role,
        version="1",
        routers=[
            mail.router,
            mail.pages,
            mail.returns,
            mail.admin,
            endpoints.router,
            upkeep.router,
            subscriptions.router,
            events.router,
            listen.router,
            acknowledgements.router,
            acknowledgements.admin,
        ],
        running=[
            *([keys.running] if role.answers else []),
            *([courier.running for courier in couriers] if role.works else []),
            *([gathering.running, retention.running, lag.running] if role.works else []),
        ],
        chapters=retelling.CHAPTERS,
    )
    app.state.keys = keys
    app.state.signing_keys = signing_keys
    app.state.wake = wake
    app.state.post = post
    app.state.issue_groups = {one.name for one in taxonomy.load(settings.taxonomy_file).groups}
    return app


def _post(settings: Settings) -> Post:
    trust = None
    if settings.smtp_ca_file:
        trust = ssl.create_default_context(cafile=settings.smtp_ca_file)
    server = Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        security=settings.smtp_security,
        timeout=settings.smtp_timeout,
        trust=trust,
    )
    return Post(server)


def _addresses(settings: Settings) -> Addresses:
    return Addresses(
        sender=settings.mail_from,
        bounces=settings.mail_bounces,
        portal_url=str(settings.portal_url),
        public_url=str(settings.public_url),
        link_key=settings.webhook_key,
    )


def _listen(notifications: Service, settings: Settings, wake: Callable[[], None]) -> None:
    alerting = Alerting(Verifier(settings.alert_verify_keys), str(settings.portal_url), wake)
    for fact in (AlertRaised, AlertUpdated, AlertCorrected, AlertEnded):
        notifications.bus.listen(fact, partial(handlers.on_alerts, alerting))
    notifications.bus.listen(BuyerChanged, handlers.on_buyers)
    notifications.bus.listen(KeyChanged, handlers.on_keys)
    notifications.bus.listen(ReachChanged, handlers.on_reach)
