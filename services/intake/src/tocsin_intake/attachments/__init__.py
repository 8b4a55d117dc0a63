"""Photos and voice notes: cleaned of what they say about themselves, and sealed."""
