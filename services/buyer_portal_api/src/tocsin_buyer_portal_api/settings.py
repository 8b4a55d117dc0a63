"""What the portal is told by its environment."""

from tocsin_common.settings import Settings as CommonSettings
from tocsin_common.settings import VerifyKeys


class Settings(CommonSettings):
    """The portal's own settings; `hash_key` is shared with notifications."""

    alert_verify_keys: VerifyKeys
    """The public keys that may have signed an alert, as `keyid:base64,…` (protection L5)."""
