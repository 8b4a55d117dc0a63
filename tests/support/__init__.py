"""All of Tocsin as these tests meet it, and the people and systems around it."""
