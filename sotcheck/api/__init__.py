"""What one calls from Python: names or systems in, results out that are tables, labelled arrays and pictures.

Each function does what the command of its name does, with the same words; nothing is computed here.
"""
