"""What Twilio is answered: TwiML."""

from xml.sax.saxutils import escape, quoteattr

from fastapi import Response

LONGEST_RECORDING = 600  # seconds


def answer(inside: str = "") -> Response:
    """A TwiML document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'
    return Response(body, media_type="text/xml")


def receipt(text: str, number: str | None, language: str | None, *, spoken: bool) -> str:
    """The hotline's words with the receipt in them; nothing where there is none to give.

    Spoken, the digits stand apart, and all is said twice.
    """
    if not number or not text:
        return ""
    if not spoken:
        return f"<Message>{escape(text.replace('{receipt}', number))}</Message>"
    digits = ", ".join(" ".join(group) for group in number.split(" "))
    said = _say(text.replace("{receipt}", digits), language)
    return f"{said}<Pause/>{said}"


def record(greeting: str, language: str | None) -> str:
    """Greet and record; without a greeting nobody is recorded."""
    if not greeting:
        return ""
    return f'{_say(greeting, language)}<Record maxLength="{LONGEST_RECORDING}"/>'


def _say(text: str, language: str | None) -> str:
    spoken = f" language={quoteattr(language)}" if language else ""
    return f"<Say{spoken}>{escape(text)}</Say>"
