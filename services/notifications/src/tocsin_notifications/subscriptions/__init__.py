"""Subscriptions: what buyers want to hear, and when."""
