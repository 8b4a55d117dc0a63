"""What operators are given: secrets, server configurations, images, limits that add up."""
