"""Proves torques in ball arithmetic, from formulas of its own: a third witness, which knows no other room."""
