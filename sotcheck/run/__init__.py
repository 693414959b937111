"""Processes and files: where work is done, how it is told and ended, how results are written; no number."""
