"""The sealed store of what workers say: keys, openings, and the one question about it."""

from tocsin_intake.vault.compartment import Account, Compartment
from tocsin_intake.vault.contacts import Contact
from tocsin_intake.vault.keys import KeyWrapper, LocalKeys
from tocsin_intake.vault.sealing import Sealed, Vault
from tocsin_intake.vault.tags import TagKeys

__all__ = [
    "Account",
    "Compartment",
    "Contact",
    "KeyWrapper",
    "LocalKeys",
    "Sealed",
    "TagKeys",
    "Vault",
]
