"""Other systems' words for ours: the flat fields of a complaint, and JMESPath to find them."""
