"""A service without a business: the smallest thing that the mechanisms hold up."""
