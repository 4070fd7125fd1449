"""What each feature of a group is worth; fitted by `experiments/choosing/fit.py`, which says on what."""

from __future__ import annotations

import numpy as np

from banditgen.ensemble.groups import FEATURES, Floats, Groups

WEIGHTS = {
    "reliability": 0.89,
    "behind": -0.25,
    "size": 1.36,
    "crowd": -0.1,
    "models": 0.33,
    "errors": -3.01,
    "written": 0.79,
    "preferred": 1.56,
    "meets": 2.15,
    "misses": -3.73,
    "none": -0.06,
    "any": 0.1,
    "unheard": 1.01,
}
CALIBRATION = (0.14, 0.95)  # from the log-odds that a group alone is right to those that it is right


def chances(groups: Groups) -> Floats:
    """(groups): the chance that each is right.

    A conditional logit (McFadden 1974) among the groups and "none of them" says which is right if only one can be. Several can, where
    they differ in what nobody asks for, so its log-odds are calibrated (Platt 1999).
    """
    merit = groups.features @ np.array([WEIGHTS[name] for name in FEATURES])
    alone = np.exp(merit - merit.max())
    alone = np.clip(alone / alone.sum(), 1e-9, 1 - 1e-9)[:-1]
    shift, slope = CALIBRATION
    odds: Floats = shift + slope * (np.log(alone) - np.log1p(-alone))
    return 1 / (1 + np.exp(-odds))
