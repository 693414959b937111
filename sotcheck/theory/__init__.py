"""The paper's formulas: they know unperturbed amplitudes and nothing of the exact engines."""
