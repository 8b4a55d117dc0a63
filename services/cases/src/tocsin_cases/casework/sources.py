"""How one source is told from another inside a case, and from nothing outside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import Reported

STORED = 16  # bytes of a hash: within one case no two will ever be the same by accident


@dataclass(frozen=True, slots=True)
class Source:
    """Stands for a handle, and for the kind of handle it is, in one case only."""

    kind: bytes
    handle: bytes
    before: tuple[bytes, ...] = ()
    """The same handle as the tag keys of before name it."""


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
        before=tuple(
            keyed_hash(case_key, "source", kind, one)[:STORED]
            for one in reported.source_tags_before
        ),
    )


def one_for_each(known: Iterable[tuple[bytes, Sequence[bytes] | None]]) -> Mapping[bytes, bytes]:
    """Say for each hash which one stands for its source, if it has several.

    A tag key lives for a year. Two complaints are of one source if they share any hash, or each
    shares one with a third; so nobody counts twice because a year went by between two calls.

    Args:
        known: for each complaint its source's hash, and those that the keys of before make of it.
    """
    leads: dict[bytes, bytes] = {}

    def first(one: bytes) -> bytes:
        while (following := leads.setdefault(one, one)) != one:
            leads[one] = one = leads[following]
        return one

    for current, before in known:
        for one in before or ():
            leads[max(first(one), first(current))] = min(first(one), first(current))
    return {one: first(one) for one in leads}
