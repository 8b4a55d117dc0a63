"""What stands for a source's handle: a tag, under a key that changes every year (protection V4)."""

from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import Reported

ID_BYTES = 8


class TagKeys:
    """The key of this year, and that of the year before it.

    Cases counts sources over half a year. Whoever complained under the old key is known by it
    from the second of two tags, so a change of keys makes nobody two people. Once no complaint
    that counts is older than the change, the old key goes, and with it the way to try handles.
    """

    def __init__(self, current: bytes, *before: bytes) -> None:
        self._current = current
        self._before = before
        self._id = keyed_hash(current, "key-id")[:ID_BYTES].hex()

    def reported(self, reported: Reported, kind: str, handle: str) -> Reported:
        """Add what stands for a handle: the same for the same handle, and no way back."""
        return reported.model_copy(
            update={
                "source_kind": kind,
                "source_tag": _tag(self._current, kind, handle),
                "tag_key": self._id,
                "source_tags_before": tuple(_tag(key, kind, handle) for key in self._before),
            }
        )


def _tag(key: bytes, kind: str, handle: str) -> bytes:
    return keyed_hash(key, "source-tag", kind, handle)
