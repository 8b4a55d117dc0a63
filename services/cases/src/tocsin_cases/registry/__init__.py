"""Organisations and facilities, and how a complaint is matched to one."""
