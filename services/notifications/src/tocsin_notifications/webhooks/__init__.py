"""Webhooks: buyers' endpoints, Standard Webhooks, and the way out to the internet."""
