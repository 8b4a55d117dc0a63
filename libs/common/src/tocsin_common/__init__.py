"""The mechanisms Tocsin's services share: how, never what."""
