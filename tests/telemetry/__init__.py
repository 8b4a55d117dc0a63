"""What traces connect, and what they must not."""
