"""Beyond first order in h_R: what the exact torque does, and how far series of any kind follow it."""
