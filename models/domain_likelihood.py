"""What the domain layer says of what is seen: orders by domain, their sizes, values of units.

Each function adds derivatives by what it is given. `models.domain_density` has the equations.
"""

from __future__ import annotations

import math

import numpy as np

from crossover.models.domain_sums import DOMAINS
from crossover.models.rising import rising
from crossover.models.vector_math import exact, exp, log, summing

UNIT_VALUE_DF = 4.0
"""Degrees of freedom of unit values: a class holds a few ships or systems unlike the rest."""
OF_ITEM = (
    math.lgamma((UNIT_VALUE_DF + 1.0) / 2.0)
    - math.lgamma(UNIT_VALUE_DF / 2.0)
    - 0.5 * math.log(UNIT_VALUE_DF * math.pi)
)


@exact
def log_odds(by_pair, both, moving, substitution, cell_pair, cell_seller, cell_buyer, logit):
    """Fill in log-odds (cell, domain), of which the highest of each cell is zero."""
    for c in range(cell_pair.size):
        pair, s, b = cell_pair[c], cell_seller[c], cell_buyer[c]
        for d in range(DOMAINS):
            logit[c, d] = by_pair[pair, d] + both[s, d]
        if b >= 0:
            for d in range(DOMAINS):
                logit[c, d] -= substitution * moving[b, d]
        top = logit[c, 0]
        for d in range(1, DOMAINS):
            top = max(top, logit[c, d])
        for d in range(DOMAINS):
            logit[c, d] -= top


@summing
def shares(logit, share, log_total):
    """Fill in shares of cells, and the logs of what they were divided by."""
    flat, into = logit.ravel(), share.ravel()
    for i in range(flat.size):
        into[i] = exp(flat[i])
    for c in range(log_total.size):
        total = 0.0
        for d in range(DOMAINS):
            total += share[c, d]
        log_total[c] = total
        for d in range(DOMAINS):
            share[c, d] *= 1.0 / total
    for c in range(log_total.size):
        log_total[c] = log(log_total[c])


@exact
def composed(logit, concentration, seen, longer, before, times):
    """Return the log density of orders by domain and its derivative by the concentration.

    Log-odds become the derivatives by them.
    """
    cells = logit.shape[0]
    share, log_total = np.empty(logit.shape), np.empty(cells)
    shares(logit, share, log_total)
    flat, flat_share = logit.ravel(), share.ravel()
    size, inverses, told = np.empty(seen.size), np.zeros(seen.size), np.zeros(cells)
    total = seen.size * math.log(concentration)
    for i in range(seen.size):
        size[i] = concentration * flat_share[seen[i]]
        total += flat[seen[i]] - log_total[seen[i] // DOMAINS]
    total += rising(size, longer, inverses)
    by_concentration = float(seen.size)
    for i in range(seen.size):
        inverses[i] *= size[i]
        by_concentration += inverses[i]
        told[seen[i] // DOMAINS] += 1.0 + inverses[i]
    by_concentration /= concentration
    for k in range(before.size):
        total -= times[k] * math.log(concentration + before[k])
        by_concentration -= times[k] / (concentration + before[k])
    for c in range(cells):
        for d in range(DOMAINS):
            logit[c, d] = -share[c, d] * told[c]
    for i in range(seen.size):
        flat[seen[i]] += 1.0 + inverses[i]
    return total, by_concentration


@exact
def composed_back(
    by_logit, moving, substitution, cell_pair, cell_seller, cell_buyer, by_pair, by_both, by_moving
):
    """Add derivatives by log-odds up over what shares an input; return that by substitution."""
    by_substitution = 0.0
    for c in range(cell_pair.size):
        pair, s, b = cell_pair[c], cell_seller[c], cell_buyer[c]
        for d in range(DOMAINS):
            by_pair[pair, d] += by_logit[c, d]
            by_both[s, d] += by_logit[c, d]
        if b >= 0:
            for d in range(DOMAINS):
                by_moving[b, d] -= substitution * by_logit[c, d]
                by_substitution -= by_logit[c, d] * moving[b, d]
    return by_substitution


@summing
def sum_of_logs(values):
    """Return the sum of logs."""
    total = 0.0
    for i in range(values.size):
        total += log(values[i])
    return total


@exact
def sizes(
    size, scaling, spread, order_sd, alike, seller, scale, start, domain, kind, share, value,
    by_size, by_scaling, by_spread,
):  # fmt: skip
    """Return the log density of sizes, its derivatives by log σ and by what orders share.

    Those by tables are added. V is a number of the domain times one of how many orders there are.
    """
    of_domain = np.exp(2.0 * spread) * (order_sd * order_sd / (alike + 1.0))
    of_kind, by_kind = alike + share, np.zeros(share.size)
    log_domain, log_kind = np.log(of_domain), np.log(of_kind)
    per_domain, per_kind = 1.0 / of_domain, 1.0 / of_kind
    total, by_sd, known = 0.0, 0.0, np.zeros(seller.size)
    away, precise = np.empty(value.size), np.empty(value.size)
    for i in range(seller.size):
        mean = 0.0
        for k in range(start[i], start[i + 1]):
            d, n = domain[k], kind[k]
            expected = size[seller[i], d] + scale[i] * scaling[d]
            away[k] = value[k] - expected + 0.5 * of_domain[d] * of_kind[n]
            precise[k] = per_domain[d] * per_kind[n]
            known[i] += precise[k]
            mean += away[k] * precise[k]
            total -= 0.5 * (log_domain[d] + log_kind[n])
        per_known = 1.0 / known[i]
        mean *= per_known
        for k in range(start[i], start[i + 1]):
            rest, d = away[k] - mean, domain[k]
            by = precise[k] * rest
            total -= 0.5 * by * rest
            by_size[seller[i], d] += by
            by_scaling[d] += scale[i] * by
            by_noise = 0.5 * (by * rest - rest - 1.0 + precise[k] * per_known)
            by_spread[d] += 2.0 * by_noise
            by_sd += 2.0 * by_noise
            by_kind[kind[k]] += by_noise
    by_alike = (by_kind * (per_kind - 1.0 / (alike + 1.0))).sum()
    return total - 0.5 * sum_of_logs(known), by_sd, by_alike


@summing
def student(rest, least, by):
    """Return the sum of −(ν + 1) / 2 log(1 + t² / νσ²), and that by log σ but for −1 each."""
    total, by_sd, per_least = 0.0, 0.0, 1.0 / least
    for i in range(rest.size):
        squared = rest[i] * rest[i]
        total += log(1.0 + squared * per_least)
        by[i] = (UNIT_VALUE_DF + 1.0) * rest[i] / (least + squared)
        by_sd += by[i] * rest[i]
    return -0.5 * (UNIT_VALUE_DF + 1.0) * total, by_sd


@exact
def worth(
    classes, unit_drift, standing, strength, moving, sd, of_class, place, of_standing, of_strength,
    value, by_classes, by_drift, by_standing, by_moving,
):  # fmt: skip
    """Return the log density of unit values, its derivatives by their slope and by log σ.

    Those by tables, which are flat here, are added.
    """
    rest, by = np.empty(value.size), np.empty(value.size)
    for i in range(value.size):
        rest[i] = value[i] - classes[of_class[i]] - unit_drift[place[i]] - standing[of_standing[i]]
        rest[i] -= strength * moving[of_strength[i]]
    total, by_sd = student(rest, UNIT_VALUE_DF * sd * sd, by)
    by_strength = 0.0
    for i in range(value.size):
        by_strength += by[i] * moving[of_strength[i]]
        by_classes[of_class[i]] += by[i]
        by_drift[place[i]] += by[i]
        by_standing[of_standing[i]] += by[i]
        by_moving[of_strength[i]] += strength * by[i]
    return total + value.size * (OF_ITEM - math.log(sd)), by_strength, by_sd - value.size
