"""What formulas are written in: unperturbed amplitudes, sums over k, convergence. Knows no engine."""
