"""What the `tocsin` command can do, one file for each."""
