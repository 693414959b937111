"""Arrays in, an Estimate out: no word of physics."""
