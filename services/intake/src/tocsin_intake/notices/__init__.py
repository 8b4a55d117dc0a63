"""Notices: workers who agreed to it hear that a message waits, where they wrote from.

A notice says that and nothing else: no words of a reply, and no name of what it is about.
"""
