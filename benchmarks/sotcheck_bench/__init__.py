"""What `sotcheck bench` measures: speed as ratios, within one run, of contestants that take turns."""

from __future__ import annotations

from sotcheck.engines.kwant_private import kwant

# With sotcheck's own words if Kwant is missing, and without its remark about MUMPS: the script imports it.
kwant()
