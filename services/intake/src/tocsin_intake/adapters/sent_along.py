"""What was sent along, by its address in the hotline's own system."""

from collections.abc import Iterable

from tocsin_intake.schemas import Media

MOST = 30  # of one complaint
KINDS = frozenset({"image", "audio", "video", "geo"})


def media_at(found: Iterable[tuple[str | None, str | None]]) -> tuple[Media, ...]:
    """Media by address and content type; whatever the type says, it is never an error."""
    told = [(url, (kind or "")[:300].strip()) for url, kind in found if url]
    return tuple(
        Media(kind=_kind(content_type), reference=url[:2000], content_type=content_type or None)
        for url, content_type in told[:MOST]
    )


def _kind(content_type: str) -> str:
    kind = content_type.partition("/")[0].lower()
    return kind if kind in KINDS else "file"
