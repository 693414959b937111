"""What h_R does after first order: orders, radius, limits, harmonics."""
