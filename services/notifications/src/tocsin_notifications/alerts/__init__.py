"""What leaves cases and is to be told: matched, and planned in the transaction of its event."""
