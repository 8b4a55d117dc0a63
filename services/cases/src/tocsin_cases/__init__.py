"""Turns complaints into cases, and decides who may know what, and when."""
