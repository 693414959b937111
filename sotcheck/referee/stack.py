"""The flows of any stack at one k_⊥ and angle: layers by exponentials, interfaces by jumps.

With the velocity v = ∂_zψ/M a layer has ψ' = Mv and v' = Wψ, W = k²/M + U - E + σ·(J d + w), w = A k; a delta
adds κ̂ψ to v. (ψ, v) goes from z = -0 to the right end by T; there v - iK̂ψ = -2iK̂ ψ_in, and on the left
v + ikψ = 2ik ψ_in (wave numbers over masses): with (ℓ_ψ, ℓ_v) = (-iK̂, 1) T and G = ℓ_ψ - ik ℓ_v this gives
ψ(-0) = -2i G⁻¹ K̂ ψ_in of waves from the right, and -2i G⁻¹ ℓ_v k ψ_in from the left. Flows are linear in
ρ = Y V Y†, V = 4k of `normal`, 4K_s times the projector of others, Y what is left of (ψ, v).

A conjugate is that of a function of u and angle at conjugate arguments: Y† at (u, φ) is the conjugate of
Y(ū, φ̄), transposed. All open sources together have ρ = 2i (𝒢 - 𝒢†), 𝒢 = (1; -ik) g (1, -ik) + (0, 0; 0, -ik)
being Green's function at z = -0, and g = -G⁻¹ℓ_v: it has poles on one side of the real axis only. The
integral of ψ†σψ over a layer is Y_out† Ω ∂_wT Y_in: with δψ what w adds to ψ, ∂_z (ψ†δv - v†δψ) = ψ†σψ.
"""

from __future__ import annotations

from flint import acb, acb_mat, arb

from sotcheck.referee.interface import I, Waves
from sotcheck.referee.reading import Problem, Region, exact

Field = list[acb]
ONE = acb_mat([[1, 0], [0, 1]])
NONE = acb_mat(2, 2)
PAULI = [acb_mat([[0, 1], [1, 0]]), acb_mat([[0, -I], [I, 0]]), acb_mat([[1, 0], [0, -1]])]
HALF = 1 / (2 * I)
#: Terms of a power series, and from where on a closed form is better.
TERMS, FAR = 30, 10
#: Up to which ratio of what |v|² may be at most and at least a closed form is the narrower one.
KNOWN = 1.3
#: The name of all open sources together.
ALL = "all"


def spin(scalar: acb | arb, v: Field) -> acb_mat:
    """Return scalar + σ·v."""
    return acb_mat([[scalar + v[2], v[0] - I * v[1]], [v[0] + I * v[1], scalar - v[2]]])


def stacked(*rows: acb_mat) -> acb_mat:
    """Return matrices below each other as one."""
    return acb_mat([line for one in rows for line in one.table()])


def beside(*columns: acb_mat) -> acb_mat:
    """Return matrices beside each other as one."""
    return stacked(*(one.transpose() for one in columns)).transpose()


def vector(matrix: acb_mat) -> Field:
    """Return Tr σ of a 2×2 matrix."""
    a, b, c, d = matrix.entries()
    return [b + c, I * (b - c), a - d]


def cross(a: Field, b: Field) -> Field:
    """Return a×b."""
    return [a[n - 2] * b[n - 1] - a[n - 1] * b[n - 2] for n in range(3)]


Columns = tuple[acb_mat, acb_mat]
#: T of layers by number, where it is known.
Transfers = dict[int, acb_mat] | None
START = beside(ONE, NONE), beside(NONE, ONE)


def carried(layer: Region, scalar: acb, v: Field, columns: Columns, *, inside: bool) -> list[Columns]:
    """Return (ψ, v) at a layer's far end from those at its near end, W = scalar + σ·v; `inside`: ∂_vT too.

    T = ((C, MS), (WS, C)) is of functions of W: a mean of both eigenvalues, and a spread (difference over
    2|v|) times σ·v. Along n their derivatives are spread σ·n + n·v (spread of slopes + bend σ·v), bend =
    (mean of slopes - spread)/v². Where |v| is as good as unknown, T is the exponential of a matrix.
    """
    psi, velocity = columns
    L, M = layer.thickness, acb(layer.balls[1])
    square = sum((part * part for part in v), acb(0))
    plain = all(part.is_zero() for part in v)
    if not plain and not arb(KNOWN) * square.abs_lower() > square.abs_upper():
        return _exponential(layer, scalar, v, columns, inside=inside)
    size = square.sqrt()
    functions: list[list[acb]] = []
    slopes: list[list[acb]] = []
    for y in (scalar + size, scalar - size):
        C, S = cosine_and_sine(M * y, L)
        functions.append([C, M * S, y * S])
        if inside:
            slopes.append([L * M * S / 2, M * M * sine_slope(M * y, L), (L * C + S) / 2])
        if plain:
            C, S, WS = functions[0]
            return [(psi * C + velocity * S, psi * WS + velocity * C)]
    turn = spin(acb(0), v)
    turned = turn * psi, turn * velocity
    means, spreads = _spread(functions, size)

    def times(means: list[acb], spreads: list[acb]) -> Columns:
        (C, S, WS), (c, s, ws) = means, spreads
        return (
            psi * C + turned[0] * c + velocity * S + turned[1] * s,
            psi * WS + turned[0] * ws + velocity * C + turned[1] * c,
        )

    found = [times(means, spreads)]
    if inside:
        of_slopes, more = _spread(slopes, size)
        bends = [(one - spread) / square for one, spread in zip(of_slopes, spreads, strict=True)]
        C, S, WS = spreads
        straight = psi * C + velocity * S, psi * WS + velocity * C
        bent = times(more, bends)
        for axis, part in zip(PAULI, v, strict=True):
            one, other = (axis * a + b * part for a, b in zip(straight, bent, strict=True))
            found.append((one, other))
    return found


def cosine_and_sine(square: acb, L: arb) -> tuple[acb, acb]:
    """Return cosh(κL) and sinh(κL)/κ of κ²; both are even in κ, so that no branch matters."""
    if square.real.mid() < 0:
        q = (-square).sqrt() * L
        return q.cos(), L * q.sinc()
    q = square.sqrt() * L
    return q.cosh(), L * (I * q).sinc()


def sine_slope(square: acb, L: arb) -> acb:
    """Return the derivative of sinh(κL)/κ with respect to κ²: L³ Σ_n n (κL)^(2n-2)/(2n+1)!."""
    z = square * L * L
    if z.abs_lower() > FAR:
        C, S = cosine_and_sine(square, L)
        return (L * C - S) / (2 * square)
    total, term = acb(0), acb(1) / 6
    for n in range(1, TERMS):
        total += n * term
        term = term * z / ((2 * n + 2) * (2 * n + 3))
    # What is left is at most a geometric series.
    ratio = abs(z).upper() / (2 * TERMS)
    rest = TERMS * abs(term).upper() / (1 - ratio) if ratio < 1 else arb("inf")
    return (total + acb(arb(0, rest), arb(0, rest))) * L**3


def _spread(functions: list[list[acb]], size: acb) -> tuple[list[acb], list[acb]]:
    """Return of each function its mean over both eigenvalues, and half its difference over |v|."""
    pairs = list(zip(*functions, strict=True))
    return [(f + g) / 2 for f, g in pairs], [(f - g) / (2 * size) for f, g in pairs]


def _exponential(layer: Region, scalar: acb, v: Field, columns: Columns, *, inside: bool) -> list[Columns]:
    """Return the same by exponentials of the generator A, and of ((A, A'), (0, A))."""
    L = acb(layer.thickness)
    A = stacked(beside(NONE, ONE * (L * layer.balls[1])), beside(spin(scalar, v) * L, NONE))
    found, whole = [A.exp()], stacked(*columns)
    for axis in PAULI if inside else []:
        slope = stacked(beside(NONE, NONE), beside(axis * L, NONE))
        both = stacked(beside(A, slope), beside(acb_mat(4, 4), A)).exp()
        found.append(acb_mat([line[4:] for line in both.table()[:4]]))
    return [halves(one * whole) for one in found]


def potential(problem: Problem, layer: Region, k_perp: acb) -> acb:
    """Return what of a layer's W does not depend on spin."""
    U, mass, _ = layer.balls
    return k_perp * k_perp / mass + (U - exact(problem.energy))


def without_turns(problem: Problem, k_perp: acb) -> Transfers:
    """Return T of each layer without a spin-orbit term, by number: it is that of all angles."""
    found = {}
    for n, layer in enumerate(problem.regions[1:-1], 1):
        if all(number.is_zero() for row in layer.A for number in row):
            field = [acb(one) for one in layer.balls[2]]
            W = potential(problem, layer, k_perp)
            found[n] = stacked(*carried(layer, W, field, START, inside=False)[0])
    return found


def halves(matrix: acb_mat) -> Columns:
    """Return the upper and the lower two rows."""
    lines = matrix.table()
    return acb_mat(lines[:2]), acb_mat(lines[2:])


class States:
    """All that a stack's states are at one u, angle and scale of spin-orbit terms.

    `det` G; `steps`: what (ψ, v) there becomes at the left of every delta; `turned`: of layers with
    magnetism and a spin-orbit term, by number, what ∂T along x, y and z makes of it (with `inside`).
    """

    def __init__(
        self,
        problem: Problem,
        k_perp: acb,
        waves: Waves,
        angle: acb,
        scale: acb,
        *,
        inside: bool = True,
        known: Transfers = None,
    ) -> None:
        sine, cosine = angle.sin_cos()
        k = scale * k_perp * cosine, scale * k_perp * sine
        self.w = [_field(delta.A, k) for delta in problem.deltas]
        self.w_inside = {n: _field(one.A, k) for n, one in enumerate(problem.regions) if one.A}
        right = problem.regions[-1]
        half = (waves.plus[0] - waves.minus[0]) / 2
        K = spin((waves.plus[0] + waves.minus[0]) / 2, [half * part for part in right.d])
        here = START
        self.steps, self.turned = [here], {}
        for n, (delta, w) in enumerate(zip(problem.deltas, self.w, strict=True)):
            kappa = spin(delta.u_0, [delta.u_m * d + part for d, part in zip(delta.d, w, strict=True)])
            here = here[0], here[1] + kappa * here[0]
            layer = problem.regions[n + 1]
            if n + 1 == len(problem.deltas):
                break
            if known is not None and n + 1 in known:
                here = halves(known[n + 1] * stacked(*here))
            else:
                field = [one + part for one, part in zip(layer.balls[2], self.w_inside[n + 1], strict=True)]
                W = potential(problem, layer, k_perp)
                here, *self.turned[n + 1] = carried(layer, W, field, here, inside=inside and layer.twofold)
            self.steps.append(here)
        ends = (here[1] - K * here[0] * I).table()
        l_psi, self.l_v = (acb_mat([line[n : n + 2] for line in ends]) for n in (0, 2))
        self.ik = I * waves.k[0]
        (a, b), (c, d) = (l_psi - self.l_v * self.ik).table()
        self.det = a * d - b * c
        self.adjugate = acb_mat([[d, -b], [-c, a]])

    def start(self, source: str) -> acb_mat:
        """Return det G times Y at z = -0, of waves from the left or from the right."""
        if source != "normal":
            return stacked(self.adjugate, self.adjugate * -self.ik)
        reflected = self.adjugate * self.l_v
        return stacked(reflected * acb(-1), ONE * self.det + reflected * self.ik)

    def green(self) -> acb_mat:
        """Det G times 4i𝒢: 4i (1; -ik) g (1, -ik), g = -G⁻¹ℓ_v, and 4i (-ik) = 4k."""
        g, ik = self.adjugate * self.l_v * (-4 * I), self.ik
        return stacked(beside(g, g * -ik), beside(g * -ik, g * (ik * ik) + ONE * (-4 * I * ik * self.det)))


def _field(A: list[list[arb]], k: tuple[acb, acb]) -> Field:
    return [row[0] * k[0] + row[1] * k[1] for row in A]


def flows(problem: Problem, states: States, twin: States, waves: Waves, sources: list[str]) -> list[acb]:
    """Return for each source: spin current, spin density s and w×s at the left of every delta, and w×∫s dz.

    All times |det G|², that is, times det G and the conjugate of the twin's, so that they have no poles, and
    over what open waves have in common. The last is of layers with magnetism and a spin-orbit term. `twin`:
    the states at conjugate arguments.
    Of `ALL` sources: functions times det G, whose real parts are theirs, over nothing.
    """
    found: list[acb] = []
    right = problem.regions[-1]
    steps = [
        (psi, v, psi_twin.conjugate().transpose(), v_twin.conjugate().transpose())
        for (psi, v), (psi_twin, v_twin) in zip(states.steps, twin.steps, strict=True)
    ]
    for source in sources:
        if source == ALL:
            first = states.green()
        else:
            sign = {"normal": 0, "majority": -1, "minority": 1}[source]
            k = waves.speeds[sign]
            V = ONE * (4 * k) if sign == 0 else spin(2 * k, [2 * sign * k * part for part in right.d])
            first = states.start(source) * V * twin.start(source).conjugate().transpose()
        for n, (psi, v, psi_dagger, v_dagger) in enumerate(steps):
            after = first * psi_dagger
            density = vector(psi * after)
            turning = vector(v * after - psi * (first * v_dagger))
            found += [*(part * HALF for part in turning), *density, *cross(states.w[n], density)]
        for n, slopes in states.turned.items():
            if slopes:
                _, _, psi_dagger, v_dagger = steps[n]
                one, other = first * psi_dagger, first * v_dagger
                turned = [(up * one).trace() for _, up in slopes]
                less = [(down * other).trace() for down, _ in slopes]
                found += cross(states.w_inside[n], [a - b for a, b in zip(turned, less, strict=True)])
    return found
