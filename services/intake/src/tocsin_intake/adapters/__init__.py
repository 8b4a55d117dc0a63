"""The systems hotlines already use, each translated into a complaint by a module of its own."""
