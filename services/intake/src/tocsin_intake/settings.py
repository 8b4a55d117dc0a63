"""What intake is told by its environment."""

from pathlib import Path

from tocsin_common.settings import Key
from tocsin_common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """Intake's own keys; none of them is in its database."""

    vault_key: Key
    """Wraps each complaint's data key."""
    tag_key: Key
    """Turns a source's handle into its tag (protection V4)."""
    receipt_key: Key
    """Receipts are derived under it, so none is stored (protection V3)."""
    box_private_key: Key
    cases_box_public_key: Key
    taxonomy_file: Path | None = None
    """The operator's own taxonomy, which replaces the shipped one whole; the same as cases'."""
