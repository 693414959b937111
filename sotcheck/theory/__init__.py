"""What is known without solving: amplitudes at h_R = 0, the symbols that formulas read, series, their sums.

Rule: the tool's own vocabulary and perturbation theory. Knows no engine, and no equation of a paper.
"""
