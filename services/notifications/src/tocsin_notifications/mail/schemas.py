"""What buyers send about mail addresses."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints

from tocsin_common.problems import Invalid
from tocsin_common.text import Line
from tocsin_notifications.deliveries.outcomes import Fault
from tocsin_notifications.mail.bounces import Report
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


class NoMessage(Invalid):
    """Nobody can read this."""

    code = "no_message"
    detail = "Send one message, as the mail server has it (RFC 5322)."


class NotSentByUs(Invalid):
    """It names no delivery of ours, or somebody made the name up."""

    code = "not_sent_by_us"
    detail = "This did not come back from a mail of ours: the address it came to is not signed."


class MailTaken(BaseModel):
    """What a message that came back means."""

    means: Literal["nobody_there", "not_delivered", "delayed", "no_report"] = Field(
        description="The last two change nothing."
    )

    @classmethod
    def of(cls, report: Report | None) -> Self:
        if not report:
            return cls(means="no_report")
        if not report.given_up:
            return cls(means="delayed")
        return cls(means="nobody_there" if report.for_good else "not_delivered")
