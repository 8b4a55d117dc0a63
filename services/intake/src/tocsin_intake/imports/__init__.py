"""Complaints from a table: CSV or XLSX, read in memory, row by row into the one acceptance."""
