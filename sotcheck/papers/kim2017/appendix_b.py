"""Appendix B of the paper, equation by equation, at the interface's own finite h_R.

An equation is returned as the stack of its two sides, or, where one side is zero, of its first term and
minus its second. (B1) to (B6) are tried with the extended matrices, (B7) to (B10) with those of Eq. (7).
"""

from __future__ import annotations

import numpy as np

from sotcheck.numerics.arrays import Complex, Mask
from sotcheck.papers.kim2017.finite_rashba import extended, projected
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.theory.symbols import Symbols


def block(upper_left: Complex, upper_right: Complex, lower_left: Complex, lower_right: Complex) -> Complex:
    """Return 4×4 matrices of four 2×2 blocks, shape (n, a, 4, 4)."""
    shape = np.broadcast_shapes(*(np.shape(m) for m in (upper_left, upper_right, lower_left, lower_right)))
    a, b, c, d = (np.broadcast_to(m, shape) for m in (upper_left, upper_right, lower_left, lower_right))
    return np.concatenate([np.concatenate([a, b], axis=-1), np.concatenate([c, d], axis=-1)], axis=-2)


def none(s: Symbols) -> Complex:
    """A block of zeros for every k_⊥ and angle."""
    return np.zeros_like(s.rashba)


def all_open(s: Symbols) -> Mask:
    """Where every channel is open, shape (n, 1, 1, 1): the majority band is whenever the minority is."""
    return (s.open_N & s.open_down)[..., None, None]


def minority_closed(s: Symbols) -> Mask:
    """Where only the minority band is closed."""
    return (s.open_N & s.open_up & ~s.open_down)[..., None, None]


def majority_only(s: Symbols) -> Mask:
    """Where only the majority band is open."""
    return (~s.open_N & s.open_up & ~s.open_down)[..., None, None]


def eqB1(s: Symbols) -> Complex:
    """S = ((r̂, t̂'), (t̂, r̂')), Eq. (B1), where every wave propagates."""
    a = extended(s)
    return all_open(s) * block(a.r, a.t_prime, a.t, a.r_prime)


def eqB1_unitary(s: Symbols) -> Complex:
    """S†S = 1 below Eq. (B1), where every wave propagates."""
    S = eqB1(s)
    return np.stack([dagger(S) @ S, np.broadcast_to(all_open(s) * np.eye(4), S.shape)], axis=-3)


def eqB3(s: Symbols) -> Complex:
    """S^proj = ((r̂, t̂'u_-), (u_- t̂, u_- r̂' u_-)), Eq. (B3), where the minority band is evanescent."""
    a, u = extended(s), s.u_minus
    return minority_closed(s) * block(a.r, a.t_prime @ u, u @ a.t, u @ a.r_prime @ u)


def eqB4(s: Symbols) -> Complex:
    """S^proj† S^proj = ((1, 0), (0, u_-)), Eq. (B4)."""
    S = eqB3(s)
    right = block(IDENTITY, none(s), none(s), s.u_minus)
    return np.stack([dagger(S) @ S, minority_closed(s) * right], axis=-3)


def eqB4_reversed(s: Symbols) -> Complex:
    """S^proj S^proj† = ((1, 0), (0, u_-)), below Eq. (B6)."""
    S = eqB3(s)
    right = block(IDENTITY, none(s), none(s), s.u_minus)
    return np.stack([S @ dagger(S), minority_closed(s) * right], axis=-3)


def eqB5(s: Symbols) -> Complex:
    """S^proj = ((0, 0), (0, u_- r̂' u_-)), Eq. (B5), where only the majority band propagates."""
    u = s.u_minus
    return majority_only(s) * block(none(s), none(s), none(s), u @ extended(s).r_prime @ u)


def eqB6(s: Symbols) -> Complex:
    """S^proj† S^proj = ((0, 0), (0, u_-)), Eq. (B6)."""
    S = eqB5(s)
    right = block(none(s), none(s), none(s), s.u_minus)
    return np.stack([dagger(S) @ S, majority_only(s) * right], axis=-3)


def eqB6_reversed(s: Symbols) -> Complex:
    """S^proj S^proj† = ((0, 0), (0, u_-)), below Eq. (B6)."""
    S = eqB5(s)
    right = block(none(s), none(s), none(s), s.u_minus)
    return np.stack([S @ dagger(S), majority_only(s) * right], axis=-3)


def eqB7(s: Symbols) -> Complex:
    """S^proj = ((1̂ r̂, 1̂ t̂'), (1̂' t̂, 1̂' r̂')), Eq. (B7)."""
    a = projected(s)
    return block(s.one @ a.r, s.one @ a.t_prime, s.one_prime @ a.t, s.one_prime @ a.r_prime)


def eqB7_extended(s: Symbols) -> Complex:
    """Eq. (B7) of the extended matrices, if the subscript "ex" is left out there as well."""
    a = extended(s)
    return block(s.one @ a.r, s.one @ a.t_prime, s.one_prime @ a.t, s.one_prime @ a.r_prime)


def eqB8(s: Symbols) -> Complex:
    """S^proj† S^proj = S^proj S^proj† = ((1̂, 0), (0, 1̂')), Eq. (B8)."""
    S = eqB7(s)
    right = block(s.one, none(s), none(s), s.one_prime)
    return np.stack([dagger(S) @ S, right, S @ dagger(S), right], axis=-3)


def eqB9a(s: Symbols) -> Complex:
    """r̂† 1̂ r̂ + t̂† 1̂' t̂ = 1̂, Eq. (B9a)."""
    a = projected(s)
    left = dagger(a.r) @ s.one @ a.r + dagger(a.t) @ s.one_prime @ a.t
    return np.stack([left, np.broadcast_to(s.one, left.shape)], axis=-3)


def eqB9b(s: Symbols) -> Complex:
    """r̂'† 1̂' r̂' + t̂'† 1̂ t̂' = 1̂', Eq. (B9b)."""
    a = projected(s)
    left = dagger(a.r_prime) @ s.one_prime @ a.r_prime + dagger(a.t_prime) @ s.one @ a.t_prime
    return np.stack([left, np.broadcast_to(s.one_prime, left.shape)], axis=-3)


def eqB9c(s: Symbols) -> Complex:
    """r̂† 1̂ t̂' + t̂† 1̂' r̂' = 0, Eq. (B9c)."""
    a = projected(s)
    return np.stack([dagger(a.r) @ s.one @ a.t_prime, -dagger(a.t) @ s.one_prime @ a.r_prime], axis=-3)


def eqB10a(s: Symbols) -> Complex:
    """1̂ (r̂ r̂† + t̂' t̂'†) 1̂ = 1̂, Eq. (B10a)."""
    a = projected(s)
    left = s.one @ (a.r @ dagger(a.r) + a.t_prime @ dagger(a.t_prime)) @ s.one
    return np.stack([left, np.broadcast_to(s.one, left.shape)], axis=-3)


def eqB10b(s: Symbols) -> Complex:
    """1̂' (r̂' r̂'† + t̂' t̂'†) 1̂' = 1̂', Eq. (B10b) as transcribed."""
    a = projected(s)
    left = s.one_prime @ (a.r_prime @ dagger(a.r_prime) + a.t_prime @ dagger(a.t_prime)) @ s.one_prime
    return np.stack([left, np.broadcast_to(s.one_prime, left.shape)], axis=-3)


def eqB10b_corrected(s: Symbols) -> Complex:
    """1̂' (r̂' r̂'† + t̂ t̂†) 1̂' = 1̂'."""
    a = projected(s)
    left = s.one_prime @ (a.r_prime @ dagger(a.r_prime) + a.t @ dagger(a.t)) @ s.one_prime
    return np.stack([left, np.broadcast_to(s.one_prime, left.shape)], axis=-3)


def eqB10c(s: Symbols) -> Complex:
    """1̂ (r̂ t̂† + t̂' r̂'†) 1̂' = 0, Eq. (B10c)."""
    a = projected(s)
    first = s.one @ a.r @ dagger(a.t) @ s.one_prime
    second = s.one @ a.t_prime @ dagger(a.r_prime) @ s.one_prime
    return np.stack([first, -second], axis=-3)
