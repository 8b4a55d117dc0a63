"""Buyers' contracts: which organisations each of them reaches."""
