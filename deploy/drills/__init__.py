"""What an operator fears, done to the real containers: kills, stops, losses, upgrades."""
