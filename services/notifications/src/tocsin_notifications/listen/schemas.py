"""What `tocsin listen` sends and is given."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StrictFloat, StrictInt, StringConstraints

from tocsin_notifications.schemas import Sent

MOST_AT_ONCE = 50  # deliveries in one answer


class Listening(BaseModel):
    """The endpoint that stands for whoever listens: always the same, with the same secret."""

    endpoint_id: UUID
    secret: str = Field(
        description="Verifies what is taken, as any webhook.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


class Taking(Sent):
    """How long to wait for a delivery."""

    wait: StrictFloat = Field(default=20, ge=0, le=25, description="Seconds.", examples=[20])


class Taken(BaseModel):
    """A delivery to hand on: post `body` with `headers`, byte for byte, and say what came of it."""

    delivery_id: UUID
    lease: int = Field(description="Send it back with the outcome.", examples=[1])
    headers: dict[str, str]
    body: str


class TakenList(BaseModel):
    """Deliveries that are the caller's for 30 seconds; then they are given out again."""

    data: list[Taken]


class Outcome(Sent):
    """What came of handing one delivery on."""

    delivery_id: UUID
    lease: StrictInt = Field(ge=0, le=2_147_483_647, examples=[1])
    status: StrictInt | None = Field(
        default=None, ge=100, le=599, description="The answer's; null: no answer.", examples=[204]
    )
    milliseconds: StrictInt = Field(default=0, ge=0, le=600_000, examples=[12])
    excerpt: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")] = Field(
        default="", description="The beginning of the answer."
    )


class Outcomes(Sent):
    """What came of handing deliveries on."""

    data: list[Outcome] = Field(max_length=MOST_AT_ONCE)


class Noted(BaseModel):
    """How many outcomes were noted; those whose lease was over were not."""

    noted: int = Field(examples=[1])
