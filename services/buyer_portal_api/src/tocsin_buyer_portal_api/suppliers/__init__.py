"""Suppliers: organisations as seen from a buyer whose contracts reach them."""
