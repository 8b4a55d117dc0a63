"""What buyers send about mail addresses."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from tocsin_common.text import Line
from tocsin_notifications.deliveries.outcomes import Fault
from tocsin_notifications.schemas import Rate, Sent

Address = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$",
    ),
]


class NewAddress(Sent):
    """Where mails are to be sent, once whoever reads them has confirmed it."""

    email: Address = Field(examples=["procurement@city.example"])
    description: Line | None = Field(default=None, examples=["Procurement team"])
    rate_per_minute: Rate | None = None


class MailServer(BaseModel):
    """How it stands with the operator's mail server."""

    configured: bool = Field(description="Without one, no mail is sent.")
    reached: bool
    fault: Fault | None = Field(
        description="Why it was not reached: `status` is a refusal, of the password say.",
        examples=["connect"],
    )
