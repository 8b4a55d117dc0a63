"""Photos and voice notes: cleaned of what they say about themselves, sealed, known by random ids."""
