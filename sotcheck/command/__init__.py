"""Words typed become calls."""
