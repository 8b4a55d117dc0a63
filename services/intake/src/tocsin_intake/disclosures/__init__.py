"""What cases means to disclose, shown to the hotline concerned, which may hold it."""
