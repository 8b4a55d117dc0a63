"""How one source is told from another inside a case, and from nothing outside it."""

from dataclasses import dataclass

from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import Reported

STORED = 16  # bytes of a hash: within one case no two will ever be the same by accident


@dataclass(frozen=True, slots=True)
class Source:
    """Stands for a handle, and for the kind of handle it is, in one case only."""

    kind: bytes
    handle: bytes


def source_in(case_key: bytes, reported: Reported) -> Source | None:
    """Hash a complaint's source under a case's own random key (protection V4).

    Two cases share no value, and when the key is destroyed, none can be tried again. A complaint
    without a handle has no source.
    """
    kind, tag = reported.source_kind, reported.source_tag
    if kind is None or tag is None:
        return None
    return Source(
        kind=keyed_hash(case_key, "kind", kind)[:STORED],
        handle=keyed_hash(case_key, "source", kind, tag)[:STORED],
    )
