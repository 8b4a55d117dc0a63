"""What hotlines' systems keep of a complaint, fetched after its acceptance to become evidence."""
