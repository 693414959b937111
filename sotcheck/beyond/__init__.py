"""What h_R does after first order: the exact torque against h_R, and how far series of any kind follow it.

Theory and exact states meet here as numbers side by side; only `trial` judges them.
"""
