"""States that no lead feeds: those below the whole continuum, and what they do at E_F.

Three routes find them: `states` (the matching condition), `kwant_states` (Kwant's self-energies), and the
scattering states alone (`missing_weight`, `levinson`); `agreement` compares. No perturbative formula is known
here.
"""
