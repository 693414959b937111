"""The flows of any stack at one k_⊥ and angle: layers by exponentials, interfaces by jumps.

With the velocity v = ∂_zψ/M a layer has ψ' = Mv and v' = Wψ, W = k²/M + U - E + σ·(J d + w), w = A k; a delta
adds κ̂ψ to v. (ψ, v) goes from z = -0 to the right end by T; there v - iK̂ψ = -2iK̂ ψ_in, and on the left
v + ikψ = 2ik ψ_in (wave numbers over masses). What nothing comes to from the left is L, (1; -ik) at z = -0,
from the right R, (1; iK̂) at the right end: with G = (-iK̂, 1) L there and G' = (ik, 1) R at z = -0 waves
from the right are -2iL G⁻¹K̂ ψ_in everywhere, and those from the left 2iR G'⁻¹k ψ_in, of which no digits are
lost behind opaque layers, as would be of T times what they are at z = -0. det G' = det G: both are det (L R),
which T leaves as it is; taking -ik or iK̂ times its upper rows from the lower ones leaves G' or G alone there.

Flows are linear in ρ = Y V Y†, V = 4k of `normal`, 4K_s times the projector of others, Y what is left of (ψ,
v). A conjugate is that of a function of u and angle at conjugate arguments: Y† at (u, φ) is the conjugate of
Y(ū, φ̄), transposed. All open sources together have ρ = 2i (𝒢 - 𝒢†), 𝒢 = (1; -ik) g (1, -ik) + (0, 0; 0, -ik)
being Green's function at z = -0, g = -G⁻¹ℓ_v, (ℓ_ψ, ℓ_v) = (-iK̂, 1) T: it has poles on one side of the real
axis only. The integral of ψ†σψ over a layer is Y_out† Ω ∂_wT Y_in: with δψ what w adds to ψ, ∂_z (ψ†δv -
v†δψ) = ψ†σψ.
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


#: T of layers by number, where it is known.
Transfers = dict[int, acb_mat] | None
START = stacked(beside(ONE, NONE), beside(NONE, ONE))


def transfers(layer: Region, scalar: acb, v: Field, *, inside: bool) -> list[acb_mat]:
    """Return T of a layer, which takes (ψ, v) from end to end, W = scalar + σ·v; `inside`: ∂_vT too.

    T = ((C, MS), (WS, C)) is of functions of W: a mean of both eigenvalues, and a spread (difference over
    2|v|) times σ·v. Along n their derivatives are spread σ·n + n·v (spread of slopes + bend σ·v), bend =
    (mean of slopes - spread)/v². Where |v| is as good as unknown, T is the exponential of a matrix.
    """
    L, M = layer.thickness, acb(layer.balls[1])
    square = sum((part * part for part in v), acb(0))
    plain = all(part.is_zero() for part in v)
    if not plain and not arb(KNOWN) * square.abs_lower() > square.abs_upper():
        return _exponential(layer, scalar, v, inside=inside)
    size = square.sqrt()
    functions: list[list[acb]] = []
    slopes: list[list[acb]] = []
    for y in (scalar + size, scalar - size):
        C, S = cosine_and_sine(M * y, L)
        functions.append([C, M * S, y * S])
        if inside:
            slopes.append([L * M * S / 2, M * M * sine_slope(M * y, L), (L * C + S) / 2])
        if plain:
            return [_of_blocks([ONE * one for one in functions[0]])]
    turn = spin(acb(0), v)
    means, spreads = _spread(functions, size)
    found = [_of_blocks([ONE * a + turn * b for a, b in zip(means, spreads, strict=True)])]
    if inside:
        of_slopes, more = _spread(slopes, size)
        bends = [(one - spread) / square for one, spread in zip(of_slopes, spreads, strict=True)]
        bent = [ONE * a + turn * b for a, b in zip(more, bends, strict=True)]
        for axis, part in zip(PAULI, v, strict=True):
            found.append(_of_blocks([axis * a + b * part for a, b in zip(spreads, bent, strict=True)]))
    return found


def _of_blocks(blocks: list[acb_mat]) -> acb_mat:
    """Return ((C, MS), (WS, C)) of these three."""
    C, MS, WS = blocks
    return stacked(beside(C, MS), beside(WS, C))


def back(T: acb_mat) -> acb_mat:
    """Return the inverse of a layer's T: S is odd in the thickness."""
    lines = T.table()
    return acb_mat(
        [[one if (i < 2) == (j < 2) else -one for j, one in enumerate(lines[i])] for i in range(4)]
    )


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


def _exponential(layer: Region, scalar: acb, v: Field, *, inside: bool) -> list[acb_mat]:
    """Return the same by exponentials of the generator A, and of ((A, A'), (0, A))."""
    L = acb(layer.thickness)
    A = stacked(beside(NONE, ONE * (L * layer.balls[1])), beside(spin(scalar, v) * L, NONE))
    found = [A.exp()]
    for axis in PAULI if inside else []:
        slope = stacked(beside(NONE, NONE), beside(axis * L, NONE))
        both = stacked(beside(A, slope), beside(acb_mat(4, 4), A)).exp()
        found.append(acb_mat([line[4:] for line in both.table()[:4]]))
    return found


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
            found[n] = transfers(layer, W, field, inside=False)[0]
    return found


def halves(matrix: acb_mat) -> tuple[acb_mat, acb_mat]:
    """Return the upper and the lower two rows."""
    lines = matrix.table()
    return acb_mat(lines[:2]), acb_mat(lines[2:])


def adjugate(matrix: acb_mat) -> acb_mat:
    """Return that of a 2×2 matrix."""
    a, b, c, d = matrix.entries()
    return acb_mat([[d, -b], [-c, a]])


class States:
    """All that a stack's states are at one u, angle and scale of spin-orbit terms.

    `det` G; `steps`: what (ψ, v) at z = -0 becomes at the left of every delta; `turned`: ∂T along x, y and z
    of layers with magnetism and a spin-orbit term, by number (with `inside`).
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
        self.kappas = [
            spin(delta.u_0, [delta.u_m * d + part for d, part in zip(delta.d, w, strict=True)])
            for delta, w in zip(problem.deltas, self.w, strict=True)
        ]
        right = problem.regions[-1]
        half = (waves.plus[0] - waves.minus[0]) / 2
        self.iK = spin((waves.plus[0] + waves.minus[0]) / 2, [half * part for part in right.d]) * I
        self.ik = I * waves.k[0]
        self.steps, self.transfers, self.turned = [START], [], {}
        for n, layer in enumerate(problem.regions[1:-1], 1):
            if known is not None and n in known:
                T = known[n]
            else:
                field = [one + part for one, part in zip(layer.balls[2], self.w_inside[n], strict=True)]
                W = potential(problem, layer, k_perp)
                T, *self.turned[n] = transfers(layer, W, field, inside=inside and layer.twofold)
            self.transfers.append(T)
            self.steps.append(T * self.behind(n - 1, self.steps[-1]))
        self.G = self.ends(self.steps[-1] * stacked(ONE, ONE * -self.ik))
        self.det = self.G.det()

    def behind(self, n: int, columns: acb_mat) -> acb_mat:
        """Return (ψ, v) behind a delta, of what they are in front of it."""
        psi, v = halves(columns)
        return stacked(psi, v + self.kappas[n] * psi)

    def ends(self, columns: acb_mat) -> acb_mat:
        """Return v - iK̂ψ at the right end, of (ψ, v) at the left of the last delta."""
        psi, v = halves(self.behind(-1, columns))
        return v - self.iK * psi

    def at_deltas(self, source: str) -> list[acb_mat]:
        """Return det G times Y at the left of every delta; of `ALL`, `steps`."""
        if source == ALL:
            return self.steps
        if source != "normal":
            start = stacked(ONE, ONE * -self.ik) * adjugate(self.G)
            return [step * start for step in self.steps]
        here, found = stacked(ONE, self.iK), []
        for kappa, T in zip(self.kappas[::-1], [START, *map(back, self.transfers[::-1])], strict=True):
            psi, v = halves(T * here)
            here = stacked(psi, v - kappa * psi)
            found.append(here)
        psi, v = halves(here)
        start = adjugate(self.ik * psi + v)
        return [one * start for one in found[::-1]]

    def green(self) -> acb_mat:
        """Det G times 4i𝒢: 4i (1; -ik) g (1, -ik), g = -G⁻¹ℓ_v, and 4i (-ik) = 4k."""
        l_v = self.ends(self.steps[-1] * stacked(NONE, ONE))
        g, ik = adjugate(self.G) * l_v * (-4 * I), self.ik
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
    for source in sources:
        if source == ALL:
            V = states.green()
        else:
            sign = {"normal": 0, "majority": -1, "minority": 1}[source]
            k = waves.speeds[sign]
            V = ONE * (4 * k) if sign == 0 else spin(2 * k, [2 * sign * k * part for part in right.d])
        Y = states.at_deltas(source)
        twins = [halves(one.conjugate()) for one in twin.at_deltas(source)]
        daggers = [(V * psi.transpose(), V * v.transpose()) for psi, v in twins]
        for columns, (psi_dagger, v_dagger), w in zip(Y, daggers, states.w, strict=True):
            psi, v = halves(columns)
            density, turning = vector(psi * psi_dagger), vector(v * psi_dagger - psi * v_dagger)
            found += [*(part * HALF for part in turning), *density, *cross(w, density)]
        for n, slopes in states.turned.items():
            psi_dagger, v_dagger = daggers[n]
            parts = [halves(slope * states.behind(n - 1, Y[n - 1])) for slope in slopes]
            turned = [(v * psi_dagger).trace() - (psi * v_dagger).trace() for psi, v in parts]
            found += cross(states.w_inside[n], turned) if turned else []
    return found
