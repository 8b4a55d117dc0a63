"""The four promises of the design, each proved on real servers."""
