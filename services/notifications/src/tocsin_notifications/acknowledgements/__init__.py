"""Acknowledgements: who has seen that what it was told is otherwise now."""
