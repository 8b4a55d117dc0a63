"""Deliveries on their way: due, leased, sent, settled, logged, sent again."""
