"""What Tocsin's services tell each other, and the words they tell it in."""
