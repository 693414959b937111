"""Reads like the Hamiltonian: spin, interface, stack, states, system files. Solves nothing."""
