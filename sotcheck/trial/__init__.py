"""The only place where formula and number meet: registers, evidence, judges, and the verdicts that leave.

Rule: knows papers by their register alone, and engines by what they promise.
"""
