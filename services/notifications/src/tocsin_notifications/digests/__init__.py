"""Digests: what was collected for an address, in one mail."""
