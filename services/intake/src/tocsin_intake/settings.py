"""What intake is told by its environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from tocsin_common.settings import Key, Keys, VerifyKeys
from tocsin_common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """Intake's own keys; none of them is in its database."""

    vault_key: Key
    """Wraps each complaint's data key."""
    vault_keys_before: Keys = ()
    """Those it replaced, until `tocsin vault rotate` is through."""
    tag_key: Key
    """Turns a source's handle into its tag; a new one comes every year (protection V4)."""
    tag_keys_before: Keys = ()
    """The one it replaced, for a year: so cases knows a source across the change."""
    receipt_key: Key
    """Receipts are derived under it, so none is stored (protection V3)."""
    receipt_keys_before: Keys = ()
    """Those it replaced, for the day on which a receipt may be repeated."""
    box_private_key: Key
    """Its end of the box in which cases is told what only cases may read (protection V1)."""
    cases_box_public_key: Key
    """Cases' end."""
    question_verify_keys: VerifyKeys
    """The public keys by which cases signs vault questions (protection V2)."""
    openings_a_day: int = Field(default=30, ge=1)
    """How often an officer may open words in a day without a second person."""
    certificate_key: Key
    """The ed25519 seed under which erasures are certified (protection V5)."""
    certificate_public_keys_before: Keys = ()
    """The public halves of those it replaced: certificates are shown with the one that verifies
    them."""
    backup_days: int = Field(default=30, ge=0, le=30)
    """How long backups of the database are kept: a certificate names the day they expire."""
    erasure_ledger: Path | None = None
    """Says what must stay erased: a file beside the database and in no backup of it, or a folder
    on a disk that all of intake's processes share."""
    retention_days: int = Field(default=5 * 365, ge=1)
    """How long a complaint is kept, unless its integration says less."""
    attachments_url: str = ""
    """Where sealed attachments lie: `file:///var/lib/tocsin/attachments`, `s3://bucket/folder`;
    without one none are taken. A bucket must keep no versions, or nothing is stored in it."""
    attachments_endpoint: str = ""
    """The address of an S3-compatible store; without one, Amazon's."""
    attachments_region: str = "us-east-1"
    """The region of that store."""
    attachments_key_id: SecretStr = SecretStr("")
    """The name of the key to that store."""
    attachments_secret_key: SecretStr = SecretStr("")
    """The key itself."""
    outbound_plain_http: bool = False
    """Whether a hotline's own system may be spoken to without TLS: for development and tests."""
    taxonomy_file: Path | None = None
    """The operator's own taxonomy, which replaces the shipped one whole; the same as cases'."""
