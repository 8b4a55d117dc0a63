"""The `tocsin` command as a shell sees it, on all of Tocsin."""
