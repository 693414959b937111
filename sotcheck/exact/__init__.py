"""Measures states: flows, torque, amplitudes, currents. Knows no formula."""
