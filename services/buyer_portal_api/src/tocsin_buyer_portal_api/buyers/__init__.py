"""Buyers: who they are, their keys, and the organisations their contracts reach."""
