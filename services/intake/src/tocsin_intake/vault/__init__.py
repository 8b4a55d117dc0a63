"""The sealed store of what workers say: keys, openings, and the one question about it."""

from tocsin_intake.vault.keys import KeyWrapper, LocalKeys
from tocsin_intake.vault.sealing import Account, Compartment, Sealed, Vault
from tocsin_intake.vault.tags import TagKeys

__all__ = ["Account", "Compartment", "KeyWrapper", "LocalKeys", "Sealed", "TagKeys", "Vault"]
