"""Three NATS servers as production has them, and what becomes of everything when one dies."""
