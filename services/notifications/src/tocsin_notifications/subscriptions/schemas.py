"""What buyers send and are shown about subscriptions."""

from datetime import datetime, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StrictInt, model_validator

from tocsin_common.text import Line, TimeOfDay
from tocsin_contracts.alerts import Level
from tocsin_contracts.events.registry import Role
from tocsin_contracts.ids import Country
from tocsin_notifications.alerts.matching import LEVELS, Wish
from tocsin_notifications.schemas import IssueGroup, Sent
from tocsin_notifications.subscriptions.models import Subscription
from tocsin_notifications.subscriptions.timing import Digest, Timing

MOST_NAMED = 1000  # of a kind in one subscription; each may be a term that it is found by
LOWEST = Level.BUYERS_UNVERIFIED

Named = Annotated[list[UUID], Field(max_length=MOST_NAMED)]
Endpoints = Annotated[list[UUID], Field(min_length=1, max_length=100)]


class Conditions(Sent):
    """What an alert must meet: of every kind that is given, any one.

    Whatever they say, a buyer hears only of organisations that its contracts reach, and nothing
    counts but what an alert shows at its level.
    """

    organisation_ids: Named = Field(default=[], description="Naming any of these; none: any.")
    roles: list[Role] = Field(
        default=[],
        max_length=len(Role),
        description="In which one of those, or of the organisations your contracts reach, has any "
        "of these roles; none: any.",
        examples=[["supplier", "operator"]],
    )
    facility_ids: Named = Field(
        default=[],
        description="About any of these facilities; none: any. Only confirmed alerts name one.",
    )
    contract_ids: Named = Field(
        default=[],
        description="Naming an organisation that any of these contracts of yours reaches.",
    )
    countries: list[Country] = Field(
        default=[],
        max_length=250,
        description="About any of these countries; none: any.",
        examples=[["VN", "MY"]],
    )
    issue_groups: list[IssueGroup] = Field(
        default=[],
        max_length=100,
        description="About any of these groups of issues; none: any.",
        examples=[["wages", "forced_labour"]],
    )
    severity_at_least: StrictInt = Field(default=1, ge=1, le=5, description="From 1 to 5, gravest.")
    level_at_least: Level = Field(
        default=LOWEST,
        description="`buyers_confirmed`: nothing unverified; `public`: only what everybody may "
        "know.",
    )

    def wish(self) -> Wish:
        """What finds it."""
        return Wish(
            facilities=self.facility_ids,
            organisations=self.organisation_ids,
            contracts=self.contract_ids,
            countries=self.countries,
            issue_groups=self.issue_groups,
        )


class Mail(Sent):
    """When mails go out. Changes of what was told before, like corrections, never wait."""

    digest: Digest | None = Field(
        default=None, description="Collect alerts into one mail at 7:00, every day or on Mondays."
    )
    quiet_from: TimeOfDay | None = Field(
        default=None, description="From then on mails wait.", examples=["22:00"]
    )
    quiet_to: TimeOfDay | None = Field(
        default=None, description="Until then, by the buyer's clock.", examples=["06:30"]
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("give both quiet_from and quiet_to")
        if self.digest and self.quiet_from:
            raise ValueError("a digest has its own hour; leave the quiet hours out")
        return self

    def timing(self) -> Timing:
        """As a rule."""
        return Timing(self.digest, _minutes(self.quiet_from), _minutes(self.quiet_to))

    @classmethod
    def of(cls, timing: Timing) -> Self:
        return cls(digest=timing.digest, quiet_from=timing.quiet_from, quiet_to=timing.quiet_to)


class Subscribed(Conditions):
    """What a buyer wants to hear of, where, and when."""

    name: Line | None = Field(default=None, examples=["Laptops"])
    endpoint_ids: list[UUID] | None = Field(
        default=None,
        description="Where to tell it; null: all the buyer's endpoints, later ones too.",
    )
    mail: Mail = Field(default=Mail(), description="When mails go out; webhooks never wait.")
    paused: StrictBool = Field(default=False, description="It begins nothing until it is resumed.")


class NewSubscription(Subscribed):
    """What a buyer wants to hear of, where, and when."""

    endpoint_ids: Endpoints | None = Field(
        default=None,
        description="Where to tell it; left out: all the buyer's endpoints, later ones too.",
    )


class SubscriptionChange(Sent):
    """What is to be different; what is left out stays."""

    name: Line | None = Field(default=None, examples=["Laptops"])
    organisation_ids: Named = Field(default=[])
    roles: list[Role] = Field(default=[], max_length=len(Role))
    facility_ids: Named = Field(default=[])
    contract_ids: Named = Field(default=[])
    countries: list[Country] = Field(default=[], max_length=250, examples=[["VN", "MY"]])
    issue_groups: list[IssueGroup] = Field(default=[], max_length=100, examples=[["wages"]])
    severity_at_least: StrictInt = Field(default=1, ge=1, le=5)
    level_at_least: Level = LOWEST
    endpoint_ids: Endpoints | None = None
    mail: Mail = Mail()
    paused: StrictBool = Field(default=False, examples=[True])

    def of(self, before: Subscribed) -> Subscribed:
        """What is wanted after the change."""
        changed = {name: getattr(self, name) for name in self.model_fields_set}
        return before.model_copy(update=changed)


class SubscriptionShown(Subscribed):
    """A subscription."""

    subscription_id: UUID
    version: int = Field(examples=[1])
    created_at: datetime
    paused_at: datetime | None = Field(description="Since when it begins nothing.")

    @classmethod
    def shown(cls, subscription: Subscription, named: list[UUID]) -> Self:
        return cls(
            subscription_id=subscription.id,
            created_at=subscription.created_at,
            paused_at=subscription.paused_at,
            version=subscription.version,
            **dict(wanted(subscription, named)),
        )


def wanted(subscription: Subscription, named: list[UUID]) -> Subscribed:
    """What a stored subscription asks for."""
    return Subscribed(
        name=subscription.name or None,
        organisation_ids=subscription.organisation_ids,
        roles=[Role(one) for one in subscription.roles],
        facility_ids=subscription.facility_ids,
        contract_ids=subscription.contract_ids,
        countries=subscription.countries,
        issue_groups=subscription.issue_groups,
        severity_at_least=subscription.severity_at_least,
        level_at_least=max(LOWEST, LEVELS[subscription.level_at_least], key=LEVELS.index),
        endpoint_ids=None if subscription.every_endpoint else named,
        mail=Mail.of(Timing.read(subscription.timing)),
        paused=subscription.paused_at is not None,
    )


class AlertPreviewed(BaseModel):
    """An alert version that would have been told: as it would have been, and no more."""

    alert_id: UUID
    version: int = Field(examples=[1])
    type: str = Field(examples=["alert.raised"])
    level: Level
    slot: datetime
    link: str = Field(description="Where to read what it says.")


class Preview(BaseModel):
    """What these conditions would have told in the last 90 days, newest first."""

    days: int = Field(examples=[90])
    alerts: int = Field(description="How many alerts.", examples=[3])
    more: bool = Field(description="There were more versions than are shown.")
    data: list[AlertPreviewed]


def _minutes(clock: time | None) -> time | None:
    return clock.replace(second=0, microsecond=0, tzinfo=None) if clock else None
