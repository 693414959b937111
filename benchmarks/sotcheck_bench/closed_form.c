/* One interface on a normal metal by boundary matching, as anyone would write it in C: the limit that the
   engine's closed form is held against. By problem: four flows of three sources, 36 numbers. */
#include <complex.h>
#include <math.h>

typedef double complex Z;

/* s = psi^dagger sigma psi and j = Re psi^dagger sigma K psi of a column. */
static void column(Z down, Z up, Z K_down, Z K_up, double *s, double *j)
{
    const Z across = down * conj(up), carried = (K_down + conj(K_up)) * across;
    const double dd = creal(down) * creal(down) + cimag(down) * cimag(down);
    const double uu = creal(up) * creal(up) + cimag(up) * cimag(up);
    s[0] = 2 * creal(across), s[1] = -2 * cimag(across), s[2] = dd - uu;
    j[0] = creal(carried), j[1] = -cimag(carried), j[2] = creal(K_down) * dd - creal(K_up) * uu;
}

static void turned(const double *axes, const double *v, double *out)
{
    for (int i = 0; i < 3; i++)
        out[i] = axes[3 * i] * v[0] + axes[3 * i + 1] * v[1] + axes[3 * i + 2] * v[2];
}

static void four(const double *axes, const double *minus, const double *plus, const double *s, const double *w,
                 double u_m, double *out)
{
    const double added[3] = {w[1] * s[2] - w[2] * s[1], w[2] * s[0] - w[0] * s[2], w[0] * s[1] - w[1] * s[0]};
    const double taken[3] = {u_m * s[1], -u_m * s[0], 0};
    turned(axes, minus, out), turned(axes, plus, out + 3), turned(axes, added, out + 6);
    turned(axes, taken, out + 9);
}

/* The grid of n values of k_perp and m angles; numbers: kinetic energies in N and F, J, u_0, u_m, scale; A in
   the frame of m, (3, 2); axes of that frame, (3, 3). Effective masses are 1. */
void grid(long n, long m, const double *k_perp, const double *angle, const double *numbers, const double *A,
          const double *axes, double *out)
{
    const double u_0 = numbers[3], u_m = numbers[4], scale = numbers[5];
    for (long a = 0; a < n; a++) {
        const double x = k_perp[a] * k_perp[a];
        const Z k = csqrt(numbers[0] - x), K_down = csqrt(numbers[1] - numbers[2] - x);
        const Z K_up = csqrt(numbers[1] + numbers[2] - x);
        const double v = creal(k), N = 4 * v, F_up = 4 * creal(K_up), F_down = 4 * creal(K_down);
        for (long b = 0; b < m; b++, out += 36) {
            const double kx = scale * k_perp[a] * cos(angle[b]), ky = scale * k_perp[a] * sin(angle[b]);
            double w[3], s_c[3], j_c[3], s_d[3], j_d[3], s[3], minus[3], plus[3];
            for (int i = 0; i < 3; i++)
                w[i] = A[2 * i] * kx + A[2 * i + 1] * ky;
            const Z M_A = I * (k + K_down) - (u_0 + w[2] + u_m), M_B = I * (k + K_up) - (u_0 - w[2] - u_m);
            const Z inverse = 1 / (M_A * M_B - (w[0] * w[0] + w[1] * w[1]));
            const Z c_down = M_B * inverse, c_up = (w[0] + I * w[1]) * inverse;
            const Z d_down = (w[0] - I * w[1]) * inverse, d_up = M_A * inverse;
            column(c_down, c_up, K_down, K_up, s_c, j_c);
            column(d_down, d_up, K_down, K_up, s_d, j_d);
            const double trace[3] = {cimag(c_up + d_down), creal(d_down - c_up), cimag(c_down - d_up)};
            const double into_up[3] = {cimag(d_down), creal(d_down), -cimag(d_up)};
            const double into_down[3] = {cimag(c_up), -creal(c_up), cimag(c_down)};
            for (int i = 0; i < 3; i++) {
                s[i] = N * (s_c[i] + s_d[i]);
                minus[i] = -(N * trace[i] + v * s[i]), plus[i] = N * (j_c[i] + j_d[i]);
            }
            four(axes, minus, plus, s, w, u_m, out);
            for (int i = 0; i < 3; i++)
                s[i] = F_up * s_d[i], minus[i] = -v * s[i], plus[i] = F_up * (j_d[i] + into_up[i]);
            four(axes, minus, plus, s, w, u_m, out + 12);
            for (int i = 0; i < 3; i++)
                s[i] = F_down * s_c[i], minus[i] = -v * s[i], plus[i] = F_down * (j_c[i] + into_down[i]);
            four(axes, minus, plus, s, w, u_m, out + 24);
        }
    }
}
