"""Tests that cross services: they import none, and speak HTTP, NATS and SQL as anybody may."""
