"""What a user can ask for: one function each, effects in order, no decisions."""
