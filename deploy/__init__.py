"""How Tocsin is run by those who answer for it."""
