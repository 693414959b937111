"""The flows of any stack at one k_⊥ and angle: layers by exponentials, interfaces by jumps.

With the velocity v = ∂_zψ/M a layer has ψ' = Mv and v' = Wψ, W = k²/M + U - E + σ·(J d + w), w = A k; a delta
adds κ̂ψ to v. (ψ, v) goes from z = -0 to the right end by T; there v - iK̂ψ = -2iK̂ ψ_in, and on the left
v + ikψ = 2ik ψ_in (wave numbers over masses): with (ℓ_ψ, ℓ_v) = (-iK̂, 1) T and G = ℓ_ψ - ik ℓ_v this gives
ψ(-0) = -2i G⁻¹ K̂ ψ_in of waves from the right, and -2i G⁻¹ ℓ_v k ψ_in from the left. Flows follow from Y
V Y†, V = 4k of `normal`, 4K_s times the projector of others, Y what is left of (ψ, v).

A conjugate is that of a function of u and angle at conjugate arguments: Y† at (u, φ) is the conjugate of
Y(ū, φ̄), transposed. The integral of ψ†σψ over a layer is Y_out† Ω ∂_wT Y_in: with δψ what w adds to ψ,
∂_z (ψ†δv - v†δψ) = ψ†σψ.
"""

from __future__ import annotations

from flint import acb, acb_mat, arb

from sotcheck.referee.interface import I, Waves
from sotcheck.referee.reading import Problem, Region, exact

Field = list[acb]
ONE = acb_mat([[1, 0], [0, 1]])
NONE = acb_mat(2, 2)
#: Ω of ψ†δv - v†δψ.
SYMPLECTIC = acb_mat([[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 0], [0, -1, 0, 0]])
HALF = 1 / (2 * I)
#: Terms of a power series, and from where on a closed form is better.
TERMS, FAR = 30, 10
AXES = [[acb(int(i == n)) for i in range(3)] for n in range(3)]


def spin(scalar: acb | arb, v: Field) -> acb_mat:
    """Return scalar + σ·v."""
    return acb_mat([[scalar + v[2], v[0] - I * v[1]], [v[0] + I * v[1], scalar - v[2]]])


def blocks(a: acb_mat, b: acb_mat, c: acb_mat, d: acb_mat) -> acb_mat:
    """Return ((a, b), (c, d)) of blocks as many rows as columns."""
    rows = [
        [*one, *other]
        for left, right in ((a, b), (c, d))
        for one, other in zip(left.table(), right.table(), strict=True)
    ]
    return acb_mat(rows)


def block(matrix: acb_mat, row: int, column: int = 0, size: int = 2) -> acb_mat:
    """Return one block of so many rows and columns."""
    some = matrix.table()[size * row : size * (row + 1)]
    return acb_mat([line[size * column : size * (column + 1)] for line in some])


def vector(a: acb, b: acb, c: acb, d: acb) -> Field:
    """Return Tr σ·((a, b), (c, d))."""
    return [b + c, I * (b - c), a - d]


def cross(a: Field, b: Field) -> Field:
    """Return a×b."""
    return [a[n - 2] * b[n - 1] - a[n - 1] * b[n - 2] for n in range(3)]


def transfer(layer: Region, scalar: acb, v: Field, along: list[Field]) -> list[acb_mat]:
    """Return T of a layer with W = scalar + σ·v, and its derivatives with respect to v along some directions.

    Functions of W are their means over both eigenvalues, and differences over |v| times σ·v, and so are their
    derivatives; where |v| is as good as unknown, T is the exponential of a matrix.
    """
    L, M = layer.thickness, exact(layer.mass)
    square = sum((part * part for part in v), acb(0))
    size = square.sqrt()
    values = [scalar + size, scalar - size]
    if not 4 * square.abs_lower() > square.abs_upper() and not all(part.is_zero() for part in v):
        return _exponential(layer, scalar, v, along)
    functions: list[tuple[acb, ...]] = []
    slopes: list[tuple[acb, ...]] = []
    for y in values:
        C, S = cosine_and_sine(M * y, L)
        functions.append((C, S, y * S))
        slopes.append((L * M * S / 2, M * sine_slope(M * y, L), (L * C + S) / 2))
    found = [_of_parts([(a, [b * n for n in v]) for a, b in _spread(functions, size)], M)]
    for n in along:
        turn = sum((a * b for a, b in zip(v, n, strict=True)), acb(0))
        bends = []
        for (_, b), (mean, slope) in zip(_spread(functions, size), _spread(slopes, size), strict=True):
            bend = turn * (mean - b) / square
            bends.append((slope * turn, [b * one + bend * other for one, other in zip(n, v, strict=True)]))
        found.append(_of_parts(bends, M))
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


def _spread(functions: list[tuple[acb, ...]], size: acb) -> list[tuple[acb, acb]]:
    """Return of each function its mean over both eigenvalues, and half its difference over |v|."""
    return [
        ((f + g) / 2, acb(0) if size.is_zero() else (f - g) / (2 * size))
        for f, g in zip(*functions, strict=True)
    ]


def _of_parts(parts: list[tuple[acb, Field]], M: arb) -> acb_mat:
    """Return ((C, MS), (WS, C)) of C, S and WS."""
    C, S, WS = (spin(*part) for part in parts)
    return blocks(C, S * acb(M), WS, C)


def _exponential(layer: Region, scalar: acb, v: Field, along: list[Field]) -> list[acb_mat]:
    """Return the same by exponentials of the generator A, and of ((A, A'), (0, A))."""
    L = acb(layer.thickness)
    A = blocks(NONE, ONE * (L * exact(layer.mass)), spin(scalar, v) * L, NONE)
    found = [A.exp()]
    for n in along:
        slope = blocks(NONE, NONE, spin(acb(0), n) * L, NONE)
        found.append(block(blocks(A, slope, acb_mat(4, 4), A).exp(), 0, 1, 4))
    return found


class States:
    """All that a stack's states are at one u, angle and scale of spin-orbit terms.

    `det` G; `start`: det G times Y at z = -0, of waves from the left and from the right; `steps`: what
    leads from there to the left of every delta; `turned`: of layers with magnetism and a spin-orbit term,
    by number, Ω ∂T along x, y and z after what leads there (with `inside`).
    """

    def __init__(
        self, problem: Problem, k_perp: acb, waves: Waves, angle: acb, scale: acb, *, inside: bool = True
    ) -> None:
        sine, cosine = angle.sin_cos()
        k = scale * k_perp * cosine, scale * k_perp * sine
        self.w = [_field(delta.A, k) for delta in problem.deltas]
        self.w_inside = {n: _field(one.A, k) for n, one in enumerate(problem.regions) if one.A}
        right = problem.regions[-1]
        half = (waves.plus[0] - waves.minus[0]) / 2
        K = spin((waves.plus[0] + waves.minus[0]) / 2, [half * part for part in right.d])
        whole = blocks(ONE, NONE, NONE, ONE)
        self.steps, turned = [whole], {}
        for n, (delta, w) in enumerate(zip(problem.deltas, self.w, strict=True)):
            kappa = spin(delta.u_0, [delta.u_m * d + part for d, part in zip(delta.d, w, strict=True)])
            whole = blocks(ONE, NONE, kappa, ONE) * whole
            layer = problem.regions[n + 1]
            if n + 1 == len(problem.deltas):
                break
            W = k_perp * k_perp / exact(layer.mass) + exact(layer.U - problem.energy)
            field = [exact(layer.J) * d + part for d, part in zip(layer.d, self.w_inside[n + 1], strict=True)]
            T, *slopes = transfer(layer, W, field, AXES if inside and layer.twofold else [])
            turned[n + 1] = [SYMPLECTIC * slope * whole for slope in slopes]
            whole = T * whole
            self.steps.append(whole)
        ends = (
            acb_mat([[*one, *other] for one, other in zip((K * -I).table(), ONE.table(), strict=True)])
            * whole
        )
        l_psi, l_v = (acb_mat([line[2 * n : 2 * n + 2] for line in ends.table()]) for n in (0, 1))
        ik = I * waves.k[0]
        (a, b), (c, d) = (l_psi - l_v * ik).table()
        self.det = a * d - b * c
        adjugate = acb_mat([[d, -b], [-c, a]])
        reflected = adjugate * l_v
        self.start = {
            "left": acb_mat([*(reflected * acb(-1)).table(), *(ONE * self.det + reflected * ik).table()]),
            "right": acb_mat([*adjugate.table(), *(adjugate * -ik).table()]),
        }
        self.turned = turned


def _field(A: list[list[arb]], k: tuple[acb, acb]) -> Field:
    return [row[0] * k[0] + row[1] * k[1] for row in A]


def flows(problem: Problem, states: States, twin: States, waves: Waves, sources: list[str]) -> list[acb]:
    """Return for each source: spin current, spin density s and w×s at the left of every delta, and w×∫s dz.

    All times |det G|², that is, times det G and the conjugate of the twin's: so they have no poles. The
    last is of layers with magnetism and a spin-orbit term. `twin`: the states at conjugate arguments.
    """
    found: list[acb] = []
    right = problem.regions[-1]
    start = {side: (one, twin.start[side].conjugate().transpose()) for side, one in states.start.items()}
    steps = [
        (one, other.conjugate().transpose()) for one, other in zip(states.steps, twin.steps, strict=True)
    ]
    for source in sources:
        side = "left" if source == "normal" else "right"
        sign = {"normal": 0, "majority": -1, "minority": 1}[source]
        k = (waves.k, waves.plus, waves.minus)[sign][0]
        V = spin(4 * k, [acb(0)] * 3) if sign == 0 else spin(2 * k, [2 * sign * k * part for part in right.d])
        Y, Y_dagger = start[side]
        first = Y * V * Y_dagger
        for n, (step, step_dagger) in enumerate(steps):
            (a, b, p, q), (c, d, r, s), (e, f, _, _), (g, h, _, _) = (step * first * step_dagger).table()
            # Tr σ of vψ† - ψv†, and of ψψ†.
            turning = vector(e - p, f - q, g - r, h - s)
            density = vector(a, b, c, d)
            found += [*(part * HALF for part in turning), *density, *cross(states.w[n], density)]
        for n, slopes in states.turned.items():
            if slopes:
                after = first * steps[n][1]
                found += cross(states.w_inside[n], [(slope * after).trace() for slope in slopes])
    return found
