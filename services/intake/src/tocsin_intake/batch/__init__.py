"""Many complaints in one stream."""
