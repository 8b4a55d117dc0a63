"""Event types: what webhooks carry, for those who write receivers."""
