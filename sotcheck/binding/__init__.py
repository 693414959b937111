"""States bound to the interface: below the continuum, inside it, and what they carry."""
