"""Listening: a developer's own program takes deliveries from us, instead of being posted to."""
