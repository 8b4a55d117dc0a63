"""Invented complaints for tests."""

from typing import Any


def a_complaint(**changes: Any) -> dict[str, Any]:
    return {
        "external_ref": "CRUNCHY-ARMCHAIR-1",
        "words": "We have not been paid since March.",
        "facility": {"name": "Silver Heron Assembly", "country": "VN"},
        "issues": ["wages.unpaid"],
        "source": {"kind": "phone", "handle": "+84 000 000 001"},
        "consent": {"share": "given"},
        "attestation": {"genuine": True},
        "language": "vi",
        "channel": "phone",
    } | changes
