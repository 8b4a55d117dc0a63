"""The facts services tell each other: one module per stream, grouped by who tells them.

Import a class from its stream's module, so that a green service never names an amber one.
"""
