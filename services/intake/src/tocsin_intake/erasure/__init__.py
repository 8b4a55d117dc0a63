"""Erasure: keys and words gone, certified, told, and kept gone after a restore."""
