"""Case officers, their keys, and the record of their moves."""
