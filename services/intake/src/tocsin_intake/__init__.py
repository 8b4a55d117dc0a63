"""Takes complaints from hotlines, keeps their words sealed, and gives workers a receipt."""
