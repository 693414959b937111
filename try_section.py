"""Scratch: python try_section.py section3 ... prints verdicts of that section's entries, both engines."""
import importlib, sys, time
import numpy as np
from sotcheck.audit import registry
from sotcheck.audit.judge import judge
engines = ("continuum", "kwant")
for name in sys.argv[1:]:
    importlib.import_module(f"sotcheck.audit.{name}")
for e in registry.EQUATIONS:
    for form, formula in (("transcribed", e.transcribed), ("corrected", e.corrected)):
        if formula is None: continue
        for engine in engines:
            t = time.time()
            iface, c = judge(e, formula, engine)
            print(f"({e.number}) {form:11s} {engine:9s} {c.verdict:12s} exp {c.expected:.12g} meas {c.measured:.12g} "
                  f"budget {c.budget.total:.1e} {iface.name} {c.index} {time.time()-t:.2f}s | {e.quantity}")
for d in registry.DEFINITIONS: print(f"({d.number}) definition: {d.why}")
for s in registry.STATEMENTS:
    for engine in engines:
        t = time.time()
        for trial in s.judge(engine):
            c = trial.comparison
            print(f"[{s.name}] {engine:9s} {c.verdict:12s} exp {c.expected:.10g} meas {c.measured:.10g} budget {c.budget.total:.1e} {time.time()-t:.2f}s | {trial.quantity}")
