"""Hotlines' technical connections: who they are, what they default to, how their systems sign."""

from tocsin_intake.integrations.hotline import Hotline

__all__ = ["Hotline"]
