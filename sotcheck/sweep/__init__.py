"""Sweeps over the keys of a system file: resumable, on any executor, kept as labelled arrays in NetCDF."""
