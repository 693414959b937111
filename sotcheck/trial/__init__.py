"""The only place where formula and number meet; only verdicts leave."""
