"""Alerts: what each buyer may see of them, and what became of their deliveries."""
