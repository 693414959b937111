"""Arrays in, an `Estimate` out: quadrature, extrapolation, zeros, approximants. No word of physics."""
