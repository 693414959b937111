"""Sec. III: scattering states, the Dyson equation, and first-order amplitudes. In words: `remarks34`.

Wave functions leave out the common factor e^{ik_x x + ik_y y}/√V. Amplitudes at finite h_R belong to the
interface's own h_R, see `finite_rashba` for (5) to (8); those with a superscript 0 are the symbols' own.
"""

from __future__ import annotations

import numpy as np

from sotcheck.exact.finite import channels, wave
from sotcheck.exact.quantities import at_finite_h_R, change_of
from sotcheck.numerics.arrays import Complex
from sotcheck.papers.kim2017 import at_finite, paper
from sotcheck.papers.kim2017.finite_rashba import (
    RASHBA,
    abs_root_K,
    extended,
    observed,
    projected,
    root_k_over_K,
    scalar,
)
from sotcheck.system.spin import IDENTITY, dagger
from sotcheck.theory.symbols import Symbols

PSI_N, PSI_F = (rf"\psi^{side}_{{\mathbf k\sigma}}" for side in "NF")
PLANE = r"\frac{e^{ik_xx+ik_yy}}{\sqrt V}"
BEHIND = PSI_F + "(z<0)=" + PLANE + r"\sqrt{|k_z|^{-1}}e^{-ik_zz}%s_{\mathbf k}\sqrt{|\hat K_z|}\xi_\sigma"
CHANGE = r"%s=%s^0+\frac{h_R}{2ik_z}%s\," + RASHBA + "%s"


@at_finite("1a", of=wave("N", "N"), tex=PSI_N + r"(z<0)=\frac{1}{\sqrt V}e^{i\mathbf k\cdot\mathbf r}"
    r"\xi_\sigma+\frac{1}{\sqrt V}e^{i\bar{\mathbf k}\cdot\mathbf r}"
    r"\sum_{\sigma'}r^{\sigma'\sigma}_{\mathbf k}\xi_{\sigma'}")  # fmt: skip
def eq1a(s: Symbols) -> Complex:
    """Electrons incident from N, on the side of N: an incoming and a reflected plane wave."""
    r, spinors = projected(s).r, (s.xi_plus, s.xi_minus)

    def wave(z: complex) -> Complex:
        incoming, outgoing = scalar(np.exp(1j * s.kz * z)), scalar(np.exp(-1j * s.kz * z))
        reflected = [np.sum([xi2 @ (dagger(xi2) @ r @ xi) for xi2 in spinors], axis=0) for xi in spinors]
        psi = [(incoming @ xi + outgoing @ R) @ dagger(xi) for xi, R in zip(spinors, reflected, strict=True)]
        # A wave whose k_z is imaginary is no scattering state.
        return np.sum(psi, axis=0) @ s.one

    return observed(wave, [IDENTITY])


@at_finite("1b", of=wave("N", "F"), tex=PSI_N + r"(z>0)=\frac{1}{\sqrt V}\sum_{\sigma'}"
    r"\sqrt{\frac{|k_z|}{|k_z'|}}e^{i\mathbf k'\cdot\mathbf r}t^{\sigma'\sigma}_{\mathbf k}\xi_{"
    r"\sigma'}")  # fmt: skip
def eq1b(s: Symbols) -> Complex:
    """Electrons incident from N, on the side of F: a transmitted wave in each band."""
    t, bands = projected(s).t, ((s.xi_plus, s.kz_down), (s.xi_minus, s.kz_up))

    def wave(z: complex) -> Complex:
        root = [scalar(np.sqrt(np.abs(s.kz) / np.abs(k2)) * np.exp(1j * k2 * z)) for _, k2 in bands]
        psi = [[xi2 @ (dagger(xi2) @ t @ xi) @ dagger(xi) for xi, _ in bands] for xi2, _ in bands]
        found: Complex = np.sum([a @ np.sum(b, axis=0) for a, b in zip(root, psi, strict=True)], axis=0)
        return found

    return observed(wave, [IDENTITY])


@at_finite("2a", of=wave("N", "N"), tex=PSI_N + "(z<0)=" + PLANE + r"(e^{ik_zz}\hat 1_{\mathbf k}+e^{-ik_zz}"
    r"\hat r_{\mathbf k})\xi_\sigma")  # fmt: skip
def eq2a(s: Symbols) -> Complex:
    """The wave (1a) in matrix form, nothing where k_z is imaginary."""
    r = projected(s).r

    def wave(z: complex) -> Complex:
        return scalar(np.exp(1j * s.kz * z)) @ s.one + scalar(np.exp(-1j * s.kz * z)) @ r

    return observed(wave, [IDENTITY])


@at_finite("2b", of=wave("N", "F"), tex=PSI_N + "(z>0)=" + PLANE
    + r"\sqrt{|k_z||\hat K_z|^{-1}}e^{i\hat K_zz}\hat t_{\mathbf k}\xi_\sigma")  # fmt: skip
def eq2b(s: Symbols) -> Complex:
    """The wave (1b) in matrix form."""
    root, t = root_k_over_K(s), projected(s).t

    def wave(z: complex) -> Complex:
        return root @ s.bands(np.exp(1j * s.kz_down * z), np.exp(1j * s.kz_up * z)) @ t

    return observed(wave, [IDENTITY])


def _behind(s: Symbols, amplitude: Complex) -> Complex:
    """√(|k_z|⁻¹) e^{−ik_z z} amplitude √|K̂_z|."""

    def wave(z: complex) -> Complex:
        return scalar(np.exp(-1j * s.kz * z) / np.sqrt(np.abs(s.kz))) @ amplitude @ abs_root_K(s)

    return observed(wave, [s.u_minus, s.u_plus])


@at_finite("3a", of=wave("F", "N"), tex=BEHIND % r"\hat r'", slip=("a swapped symbol: the wave behind the"
    " interface carries t', not r'", "marks", BEHIND % r"\hat t'"))  # fmt: skip
def eq3a(s: Symbols, slip: bool) -> Complex:
    """Electrons incident from F, on the side of N: a transmitted wave."""
    return _behind(s, projected(s).r_prime if slip else projected(s).t_prime)


@at_finite("3b", of=wave("F", "F"), tex=PSI_F + "(z>0)=" + PLANE + r"\sqrt{|\hat K_z|^{-1}}(e^{-i\hat K_zz}"
    r"\hat 1'_{\mathbf k}+e^{i\hat K_zz}\hat r'_{\mathbf k})\sqrt{|\hat K_z|}\xi_\sigma")  # fmt: skip
def eq3b(s: Symbols) -> Complex:
    """Electrons incident from F, on the side of F: an incoming and a reflected wave in each band."""
    r_prime, inverse_root = projected(s).r_prime, np.linalg.inv(abs_root_K(s))

    def wave(z: complex) -> Complex:
        incoming = s.bands(np.exp(-1j * s.kz_down * z), np.exp(-1j * s.kz_up * z))
        outgoing = s.bands(np.exp(1j * s.kz_down * z), np.exp(1j * s.kz_up * z))
        return inverse_root @ (incoming @ s.one_prime + outgoing @ r_prime) @ abs_root_K(s)

    return observed(wave, [s.u_minus, s.u_plus])


@at_finite("4a", of=channels("N"), tex=r"\hat 1_{\mathbf k}=1\ (k_z\ real),\quad 0\ (k_z\ imaginary)")
def eq4a(s: Symbols) -> Complex:
    """The projector on incident channels of N: all or none."""
    return np.where(s.open_N, 1, 0)[..., None, None] * IDENTITY


@at_finite("4b", of=channels("F"), tex=r"\hat 1'_{\mathbf k}=1\ (k_z^\pm\ real),\quad u_-\ (only\ k_z^-"
    r"\ real),\quad 0\ (both\ imaginary)")  # fmt: skip
def eq4b(s: Symbols) -> Complex:
    """The projector on incident channels of F: both bands, the majority, or none."""
    bands = (s.open_up.astype(int) + s.open_down)[..., None, None]
    return np.select([bands == 2, bands == 1], [IDENTITY, s.u_minus], 0)


@at_finite("9", of=at_finite_h_R("t").named("t at finite h_R, all elements (N open)"), tex=r"\hat t_{ex}="
    r"\hat t^0_{ex}+\frac{h_R}{2ik_z}\hat t^0_{ex}\," + RASHBA + r"\sqrt{|k_z||\hat K_z|^{-1}}\,"
    r"\hat t_{ex}")  # fmt: skip
def eq9(s: Symbols) -> Complex:
    """Dyson equation of the transmission matrix, at any h_R."""
    factor, root = scalar(s.iface.h_R / (2j * s.kz)), root_k_over_K(s)
    return (s.t_ex + factor @ s.t_ex @ s.rashba @ root @ extended(s).t) @ s.one


@at_finite("9", of=at_finite_h_R("t'").named("t' at finite h_R, all elements (t_ex carried over by the"
    " relations below (7))"), tex=r"\hat t'_{ex}=\frac{|k_z|}{k_z}|\hat K_z|^{-1/2}"
    r"\left[\hat t^0_{ex}+\frac{h_R}{2ik_z}\hat t^0_{ex}\," + RASHBA + r"\sqrt{|k_z||\hat K_z|^{-1}}\,"
    r"\hat t_{ex}\right]\hat K_z|\hat K_z|^{-1/2}")  # fmt: skip
def eq9_from_F(s: Symbols) -> Complex:
    """The same by what it implies for electrons incident from F, N open or closed."""
    factor, root = scalar(s.iface.h_R / (2j * s.kz)), np.linalg.inv(abs_root_K(s))
    t_ex = s.t_ex + factor @ s.t_ex @ s.rashba @ scalar(np.sqrt(np.abs(s.kz))) @ root @ extended(s).t
    return scalar(np.abs(s.kz) / s.kz) @ root @ t_ex @ s.Kz @ root @ s.one_prime


def _over_2ik(s: Symbols) -> Complex:
    return scalar(1 / (2j * s.kz))


@paper.equation("10a", of=change_of("t"), order="h_R^2",
    tex=CHANGE % (r"\hat t", r"\hat t", r"\hat t^0_{ex}", r"(\hat 1+\hat r^0)"))  # fmt: skip
def eq10a(s: Symbols) -> Complex:
    """First-order change of the transmission matrix from N."""
    return _over_2ik(s) @ s.t_ex @ s.rashba @ (s.one + s.r)


@paper.equation("10b", of=change_of("t'"), order="h_R^2",
    tex=CHANGE % (r"\hat t'", r"\hat t'", r"(1+\hat r^0_{ex})", r"\hat t'^0"))  # fmt: skip
def eq10b(s: Symbols) -> Complex:
    """First-order change of the transmission matrix from F."""
    return _over_2ik(s) @ (IDENTITY + s.r_ex) @ s.rashba @ s.t_prime


@paper.equation("10c", of=change_of("r"), order="h_R^2",
    tex=CHANGE % (r"\hat r", r"\hat r", r"(1+\hat r^0_{ex})", r"(\hat 1+\hat r^0)"))  # fmt: skip
def eq10c(s: Symbols) -> Complex:
    """First-order change of the reflection matrix from N."""
    return _over_2ik(s) @ (IDENTITY + s.r_ex) @ s.rashba @ (s.one + s.r)


@paper.equation("10d", of=change_of("r'"), order="h_R^2",
    tex=CHANGE % (r"\hat r'", r"\hat r'", r"\hat t^0_{ex}", r"\hat t'^0"))  # fmt: skip
def eq10d(s: Symbols) -> Complex:
    """First-order change of the reflection matrix from F."""
    return _over_2ik(s) @ s.t_ex @ s.rashba @ s.t_prime
