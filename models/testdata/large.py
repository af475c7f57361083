#!/usr/bin/python3
"""Writes large.csv: tails of counts too large to be summed, by mpmath (python3-mpmath) with 40 digits.

A beta tail is the integral of its density over s = ln(x/(1-x)), a gamma tail over s = ln x; a beta-binomial tail is the integral
of one beta density times the tail of the other. Run: python3 large.py, in this folder.
"""
import csv

from mpmath import exp, hyp2f1, log, log1p, loggamma, mp, mpf, quad, sqrt

mp.dps = 40


def tail(logdensity, peak, sd, cut, upper):
    """ln of the integral beyond cut of a log-concave density. Pieces of a standard deviation, until nothing more comes."""
    at = mpf(cut)
    if (upper and peak > at) or (not upper and peak < at):  # the larger side: its complement has all the digits
        return log1p(-exp(tail(logdensity, peak, sd, cut, not upper)))
    top, total, piece = logdensity(at), mpf(0), sd / 2 if upper else -sd / 2
    while True:
        part = abs(quad(lambda s: exp(logdensity(s) - top), [at, at + piece]))
        total += part
        at += piece
        if part < total * mpf(10) ** -32:
            return top + log(total)


def beta(a, b, x, y, upper):
    a, b = mpf(a), mpf(b)
    lead = loggamma(a + b) - loggamma(a) - loggamma(b)
    f = lambda s: lead + a * s - (a + b) * log1p(exp(s))
    return tail(f, log(a / b), sqrt(1 / a + 1 / b), log(mpf(x) / y), upper)


def negbinomial(mean, size, y, upper):
    q, p = mpf(mean) / (mpf(mean) + size), mpf(size) / (mpf(mean) + size)
    return beta(y, size, q, p, False) if upper else beta(y + 1, size, q, p, True)


def poisson(mean, y, upper):
    a = mpf(y) if upper else mpf(y) + 1
    lead = loggamma(a)
    return tail(lambda s: a * s - exp(s) - lead, log(a), 1 / sqrt(a), log(mpf(mean)), not upper)


def binomial(n, p, x):
    return beta(x, mpf(n) - x + 1, mpf(p), 1 - mpf(p), False)


def betabinomial(n, a, b, x):
    a, b, c, d = mpf(a), mpf(b), mpf(x), mpf(n) - x + 1
    lead = loggamma(c + d) - loggamma(c) - loggamma(d)
    over = loggamma(a + b) - loggamma(a) - loggamma(b) - log(b)
    above = lambda s: exp(over + a * s - (a + b) * log1p(exp(s))) * hyp2f1(a + b, 1, b + 1, 1 / (1 + exp(s)), maxterms=10**6)
    peak, step = log(c / d), sqrt(1 / c + 1 / d) / 5  # the trapezoidal rule: e^-(10 pi)^2/2 off for a normal density
    nodes = [peak + step * k for k in range(-125, 126)]
    return log(step * sum(exp(lead + c * s - (c + d) * log1p(exp(s))) * above(s) for s in nodes))


rows = []
for mean in (2e5, 5e6, 3e8, 1e11):
    for k in (0.7, 40, 1e6, 3e7, 1e10, 3e13):
        sd = (mean + mean * mean / k) ** 0.5
        for z in (-8, -2.5, -0.3, 0, 1e-5, 0.3, 2.5, 3.2, 30):
            y = int(mean + z * sd)
            if y > 0:
                rows.append(["nb-upper", y, mean, k, "", negbinomial(mean, k, y, True)])
                rows.append(["nb-lower", y, mean, k, "", negbinomial(mean, k, y, False)])
    for z in (-8, -2.5, -0.3, 0, 0.3, 2.5, 30):
        y = int(mean + z * mean**0.5)
        rows.append(["poisson-upper", y, mean, "", "", poisson(mean, y, True)])
        rows.append(["poisson-lower", y, mean, "", "", poisson(mean, y, False)])
for n in (10**7, 10**10):
    for p in (0.001, 0.25, 0.9):
        for z in (-8, -0.3, 0, 0.3, 2.5, 3.2, 30):
            rows.append(["binomial", int(n * p + z * (n * p * (1 - p)) ** 0.5), n, p, "", binomial(n, p, int(n * p + z * (n * p * (1 - p)) ** 0.5))])
for n in (20000, 10**6, 10**12):
    for a, b in ((0.2, 9.8), (2, 38), (0.5, 0.5), (20, 980)):
        for share in (0.06, 0.6):
            rows.append(["beta-binomial", int(n * share), n, a, b, betabinomial(n, a, b, int(n * share))])
with open("large.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["tail", "y", "par1", "par2", "par3", "ln_p"])
    for row in rows:
        out.writerow([repr(v) if isinstance(v, float) else v for v in row[:5]] + [mp.nstr(row[5], 17)])
