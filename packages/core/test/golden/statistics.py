"""Golden values of the statistics, from SciPy and statsmodels. Run: /usr/bin/python3 statistics.py > statistics.json"""

import json

import numpy as np
from scipy import special, stats
from statsmodels.stats.contingency_tables import Table2x2, mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

random = np.random.default_rng(7)

points = [-38.0, -12.5, -6.0, -2.1, -1.5, -1.0, -0.3, 0.0, 1e-10, 0.2, 0.7, 1.0, 1.2, 1.49999, 1.5, 1.50001, 1.9]
points += [2.0, 2.12, 2.13, 2.5, 3.0, 4.0, 5.5, 8.0, 12.0, 20.0, 26.0, 27.2, 28.0, 37.0]
probabilities = [1e-300, 1e-100, 1e-20, 1e-10, 1e-4, 0.001, 0.02, 0.02425, 0.1, 0.25, 0.3, 0.4999, 0.5]
probabilities += [0.50001, 0.7, 0.9, 0.975, 0.995, 0.999, 1 - 1e-6, 1 - 1e-12]

wilson = []
for successes, trials in [(0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (81, 263), (15, 148), (5000, 100000)]:
    for confidence in [0.8, 0.95, 0.99]:
        low, high = proportion_confint(successes, trials, 1 - confidence, "wilson")
        wilson.append([successes, trials, confidence, low, high])

pairs = [[56, 70, 48, 80], [9, 10, 3, 10], [6, 7, 2, 7], [5, 56, 0, 29], [0, 10, 0, 20], [10, 10, 0, 20]]
pairs += [[10, 10, 0, 10], [1, 500, 12, 700], [250, 500, 340, 700], [3, 30, 700, 900], [2, 5, 3, 5], [0, 3, 9, 12]]
for _ in range(20):
    n1, n2 = random.integers(3, 60, 2)
    pairs.append([int(random.integers(0, n1 + 1)), int(n1), int(random.integers(0, n2 + 1)), int(n2)])
two = []
for s1, n1, s2, n2 in pairs:
    if s1 + s2 in (0, n1 + n2):
        z, p = 0.0, 1.0
    else:
        z, p = proportions_ztest([s1, s2], [n1, n2])
    newcombe = confint_proportions_2indep(s1, n1, s2, n2, method="newcomb", compare="diff")
    table = np.array([[s1, n1 - s1], [s2, n2 - s2]], dtype=float)
    if (table == 0).any():
        table += 0.5
    odds = Table2x2(table, shift_zeros=False)
    fisher = stats.fisher_exact([[s1, n1 - s1], [s2, n2 - s2]])[1]
    two.append(
        dict(counts=[s1, n1, s2, n2], z=float(z), p=float(p), newcombe=list(map(float, newcombe)), fisher=float(fisher),
             odds=[float(odds.oddsratio), *map(float, odds.oddsratio_confint())])
    )

discordant = [(0, 1), (1, 1), (0, 6), (2, 2), (3, 12), (12, 3), (40, 61), (400, 480), (500, 500), (501, 500), (700, 900)]
mcnemars = []
for b, c in discordant:
    exact = mcnemar([[5, b], [c, 9]], exact=True).pvalue
    # Fagerland 2013: the exact p-value less the probability of the observed table.
    mid = exact - stats.binom.pmf(min(b, c), b + c, 0.5) if b != c else 1.0
    asymptotic = mcnemar([[5, b], [c, 9]], exact=False, correction=False)
    mcnemars.append([b, c, float(min(1, exact)), float(mid), float(asymptotic.pvalue)])


def wilson_limits(k, n):
    return proportion_confint(k, n, 0.05, "wilson")


def paired_newcombe(a, b, c, d):
    """Newcombe 1998b, method 10, written from the paper's formulas."""
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1 = wilson_limits(a + b, n)
    l2, u2 = wilson_limits(a + c, n)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    numerator = a * d - b * c
    if numerator > 0:
        numerator = max(numerator - n / 2, 0)
    phi = 0 if product == 0 else numerator / np.sqrt(product)
    delta = np.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    epsilon = np.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    return [float(p1 - p2 - delta), float(p1 - p2 + epsilon)]


tables = [[43, 7, 3, 47], [0, 10, 0, 10], [36, 12, 2, 0], [2, 97, 1, 0], [20, 0, 0, 30], [5, 5, 5, 5], [1, 9, 8, 2]]
p_values = np.concatenate([random.uniform(0, 1, 30), random.uniform(0, 0.02, 10), [0.5, 0.5, 0, 1, 1]])

print(
    json.dumps(
        dict(
            erfc=[[x, float(special.erfc(x))] for x in points],
            normal=[[x, float(stats.norm.cdf(x)), float(stats.norm.sf(x))] for x in points],
            quantile=[[p, float(stats.norm.ppf(p))] for p in probabilities],
            wilson=wilson,
            two=two,
            mcnemar=mcnemars,
            paired=[[*table, *paired_newcombe(*table)] for table in tables],
            bh=dict(p=p_values.tolist(), q=multipletests(p_values, method="fdr_bh")[1].tolist()),
            log_binomial=[[n, k, float(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))]
                          for n, k in [(0, 0), (5, 2), (20, 10), (21, 0), (22, 21), (50, 25), (20000, 77), (20000, 10000)]],
        )
    )
)
