"""Which audience may know what, and when: the line between amber and green."""
