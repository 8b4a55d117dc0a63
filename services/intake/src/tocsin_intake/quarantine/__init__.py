"""Payloads that an adapter does not know: kept sealed, seen by their metadata, replayed."""
