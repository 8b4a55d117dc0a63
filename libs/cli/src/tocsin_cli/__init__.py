"""The `tocsin` command, and the embedded servers it starts."""
