"""Sweeps over the keys of a system file: which points, computed where, never lost; one call of physics.

Nothing here solves anything: `worker` asks for the torque of a point, `judgement` and `limit` compare.
"""
