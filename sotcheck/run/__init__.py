"""Processes and files: executors, progress, writing aside, messages. No number."""
