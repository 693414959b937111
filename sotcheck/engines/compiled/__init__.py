"""All flows of any structure, compiled: read `ports` for the mathematics. Nothing but numba leads here."""
