"""The way back: what a worker who has a receipt sees, says and takes back."""
