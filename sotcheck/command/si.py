"""Options of `torque` that ask for SI units and ratios: which belong together, and what each takes."""

from __future__ import annotations

from typing import Any

import click

from sotcheck.command.options import Number, together

#: Options without effect but for another one: (that one, its own).
FOR = {
    "--si": ("--field", "--relaxation-time"),
    "--efficiency": ("--saturation-magnetization", "--thickness"),
}

si_options = together(
    click.option(
        "--si",
        is_flag=True,
        help="Also print the torque per interface area in N m/m^2, (hbar e E tau_s/m_e) t, of a system whose "
        "file is in eV; needs --field and --relaxation-time. E > 0: conventional current along +x.",
    ),
    click.option(
        "--field",
        type=Number(-1e12, 1e12),
        metavar="E",
        help="With --si: the electric field along x, in V/m, e.g. 1e5.",
    ),
    click.option(
        "--relaxation-time",
        type=Number(1e-30, 1e-6),
        metavar="TAU",
        help="With --si: the relaxation time in s, e.g. 1e-14. That of a source, tau_s, is TAU times its "
        "weight in the system file's [relaxation].",
    ),
    click.option(
        "--efficiency",
        is_flag=True,
        help="Also print each source's efficiencies xi = (2e/hbar)(T/A)/j = 2 M t/n, without unit, of any "
        "system: j is the Drude current density of the source's own n carriers of effective mass M. Of a "
        "built-in stack of real materials, what was measured stands beside it.",
    ),
    click.option(
        "--saturation-magnetization",
        type=Number(1e-3, 1e8),
        metavar="M_S",
        help="With --efficiency and --thickness: also print the effective field per current density, "
        "B/j = hbar xi/(2 e M_S d), in T per (A/m^2). In A/m, e.g. 1e6.",
    ),
    click.option(
        "--thickness",
        type=Number(1e-12, 1e-3),
        metavar="D",
        help="With --saturation-magnetization: the magnet's thickness d in m, e.g. 1e-9.",
    ),
)


def beside_torque(options: dict[str, Any]) -> dict[str, Any]:
    """Take those of SI units and ratios out of options, as `sc.torque` has them; half of them is refused."""
    names = [name for wanted, others in FOR.items() for name in (wanted, *others)]
    given = {name: options.pop(name[2:].replace("-", "_")) for name in names}
    for wanted, others in FOR.items():
        some = [name for name in others if given[name] is not None]
        if some and not given[wanted]:
            raise click.UsageError(f"{some[0]} has no effect without {wanted}; leave it out, or add {wanted}")
        missing = [name for name in others if name not in some]
        # --efficiency needs no magnet, but half of one is none.
        if missing and given[wanted] and (some or wanted == "--si"):
            raise click.UsageError(f"{some[0] if some else wanted} needs {' and '.join(missing)} as well")
    return {name[2:].replace("-", "_"): value for name, value in given.items()}
