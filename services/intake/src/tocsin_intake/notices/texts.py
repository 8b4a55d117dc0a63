"""What a worker is told: that a message waits, in the hotline's own words or in ours."""

from collections.abc import Mapping

from tocsin_intake.dialogue import phrases
from tocsin_intake.integrations.hotline import Hotline

WAITING = "waiting"


def text_for(hotline: Hotline, wanted: str | None) -> tuple[str, str]:
    """The text, and the language it is in."""
    own: Mapping[str, str] = hotline.notices.texts if hotline.notices else {}
    known = {name: sentences[WAITING] for name, sentences in phrases.catalogue().items()} | dict(
        own
    )
    exact, primary = wanted or "", (wanted or "").split("-")[0].lower()
    language = next((one for one in (exact, primary) if one in known), phrases.FALLBACK)
    return known[language], language
