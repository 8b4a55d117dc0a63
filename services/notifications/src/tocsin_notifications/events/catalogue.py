"""The types of events that webhooks carry, each with its schema and an example."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tocsin_contracts.alerts import AlertState, Level

AN_ALERT = UUID("5b2d1f7e-2f0c-4c7d-9d6a-3c1c6f0b8e11")
AN_ENDPOINT = UUID("c7c7a3a5-8f0e-4a55-9e0f-6a0a4f4e2d10")

_OPEN = ConfigDict(extra="allow")  # a receiver must bear what is added later


class AlertData(BaseModel):
    """What is told of an alert; all else is read at the portal."""

    model_config = _OPEN

    alert_id: UUID
    version: int = Field(ge=1, description="Counts visible changes. Never go back to a lower one.")
    level: Level
    link: str = Field(description="Where to read what it says, with your API key.")
    state: AlertState | None = Field(
        default=None, description="Absent while the alert is not verified."
    )
    test: bool = Field(default=False, description="True: it was asked for and is about nobody.")


class EndpointTestData(BaseModel):
    """A test that you asked for."""

    model_config = _OPEN

    endpoint_id: UUID
    test: Literal[True]


class ChallengeData(BaseModel):
    """The question whether this endpoint wants to be told."""

    model_config = _OPEN

    endpoint_id: UUID
    challenge: str = Field(description="Answer 2xx with this text in the body.")


class _Told(BaseModel):
    """An event as it is sent."""

    model_config = _OPEN

    timestamp: AwareDatetime = Field(description="An alert's slot, never finer.")


class AlertTold(_Told):
    """An event about an alert."""

    type: Literal["alert.raised", "alert.updated", "alert.corrected", "alert.ended"]
    data: AlertData


class EndpointTested(_Told):
    """A test of an endpoint."""

    type: Literal["endpoint.test"]
    data: EndpointTestData


class EndpointAsked(_Told):
    """A challenge to an endpoint."""

    type: Literal["endpoint.verification"]
    data: ChallengeData


class EventType(BaseModel):
    """A type of event: what it means, what it looks like, an example."""

    type: str = Field(examples=["alert.raised"])
    description: str
    json_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of the body.")
    example: dict[str, Any]


def _alert(kind: str, version: int, state: AlertState) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": "2026-03-03T12:00:00Z",
        "data": {
            "alert_id": str(AN_ALERT),
            "version": version,
            "level": Level.BUYERS_CONFIRMED,
            "link": f"https://portal.example/v1/alerts/{AN_ALERT}",
            "state": state,
        },
    }


_TYPES: Mapping[str, tuple[str, type[BaseModel], dict[str, Any]]] = {
    "alert.raised": (
        "An alert meets a subscription of yours that did not exist before.",
        AlertTold,
        _alert("alert.raised", 1, AlertState.ACTIVE),
    ),
    "alert.updated": (
        "An alert says something else now. Acknowledge it when somebody has read it.",
        AlertTold,
        _alert("alert.updated", 2, AlertState.ACTIVE),
    ),
    "alert.corrected": (
        "What an alert said was wrong. Tell whoever you told, and acknowledge it.",
        AlertTold,
        _alert("alert.corrected", 3, AlertState.CORRECTED),
    ),
    "alert.ended": (
        "An alert no longer stands; it never says why. Acknowledge it.",
        AlertTold,
        _alert("alert.ended", 4, AlertState.ENDED),
    ),
    "endpoint.test": (
        "A test that you asked for.",
        EndpointTested,
        {
            "type": "endpoint.test",
            "timestamp": "2026-03-03T12:00:00Z",
            "data": {"endpoint_id": str(AN_ENDPOINT), "test": True},
        },
    ),
    "endpoint.verification": (
        "The question whether an endpoint wants to be told: answer with the challenge.",
        EndpointAsked,
        {
            "type": "endpoint.verification",
            "timestamp": "2026-03-03T12:00:00Z",
            "data": {"endpoint_id": str(AN_ENDPOINT), "challenge": "0kTq7cW1d1y3b8mPpXzVnA"},
        },
    ),
}

CATALOGUE = tuple(
    EventType(type=name, description=said, json_schema=model.model_json_schema(), example=example)
    for name, (said, model, example) in _TYPES.items()
)
ALERTS = tuple(name for name, (_, model, _) in _TYPES.items() if model is AlertTold)
"""The types that can be triggered as a test."""


def read(told: dict[str, Any]) -> BaseModel:
    """Read an event as the catalogue describes it.

    Raises:
        ValidationError: it is not as described.
        KeyError: there is no such type.
    """
    return _TYPES[told["type"]][1].model_validate(told)


def example(kind: str) -> dict[str, Any]:
    """An example of a type."""
    return _TYPES[kind][2]
