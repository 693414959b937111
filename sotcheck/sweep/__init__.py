"""Which points, where, never lost; one call of physics."""
