"""The systems hotlines already use, each translated into complaints by a module of its own.

Every adapter verifies by its system's own scheme on the bytes as they came, translates without
touching anything, and hands the translation to `receiving`, where it becomes durable.
"""
