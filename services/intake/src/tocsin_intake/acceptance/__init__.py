"""Accepting a complaint once: deciding about it alone, writing it with others, answering."""
