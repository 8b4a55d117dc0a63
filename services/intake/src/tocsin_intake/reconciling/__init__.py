"""Asks KoboToolbox for what its REST service did not post: forms it gave up on, and edits."""
