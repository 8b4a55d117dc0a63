"""The buyer portal's API: what a buyer may see, and quickly."""
