"""The paper on trial: every numbered equation against exact numerics."""
