"""Mail: letters in buyers' languages, and the way to their addresses."""
