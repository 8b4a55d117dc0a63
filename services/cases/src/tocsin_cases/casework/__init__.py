"""Complaints, and the cases they are worked on in."""
