"""One adapter for each library from the registry: select k arms, update with their rewards. Each uses its own Thompson sampling.

The libraries choose one arm at a time or give a score for each; a race takes the k best of one draw where the library shows its
draw, else k different arms from repeated draws. Rewards are 0 or 1 here, as their Beta posteriors need.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol
from unittest.mock import MagicMock

import numpy as np


class Peer(Protocol):
    def select(self, k: int) -> list[int]: ...
    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None: ...


class MABWiser:
    def __init__(self, arms: int, seed: int) -> None:
        library = import_module("mabwiser.mab")
        self.mab = library.MAB(list(range(arms)), library.LearningPolicy.ThompsonSampling(), seed=seed)
        self.fitted = False
        self.rng = np.random.default_rng(seed)
        self.arms = arms

    def select(self, k: int) -> list[int]:
        if not self.fitted:
            return [int(a) for a in self.rng.choice(self.arms, k, replace=False)]
        draw = self.mab.predict_expectations()
        return sorted(draw, key=lambda arm: -draw[arm])[:k]

    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None:
        self.mab.partial_fit(list(arms), [int(r) for r in rewards])
        self.fitted = True


def _pretend_torch() -> None:
    """Obp imports torch for estimators that are not used here; 2 GB less to install."""
    torch = MagicMock()
    torch.nn.Module = torch.Tensor = torch.utils.data.Dataset = type("Unused", (), {})
    for name, module in (("", torch), (".nn", torch.nn), (".nn.functional", torch.nn.functional), (".optim", torch.optim)):
        sys.modules.setdefault(f"torch{name}", module)
    for name, module in ((".utils", torch.utils), (".utils.data", torch.utils.data)):
        sys.modules.setdefault(f"torch{name}", module)


class Obp:
    def __init__(self, arms: int, seed: int) -> None:
        _pretend_torch()
        self.policy = import_module("obp.policy").BernoulliTS(n_actions=arms, random_state=seed)
        self.k = 3

    def select(self, k: int) -> list[int]:
        self.policy.len_list = k
        return [int(a) for a in self.policy.select_action()]

    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None:
        for arm, reward in zip(arms, rewards, strict=True):
            self.policy.update_params(action=arm, reward=reward)


class River:
    def __init__(self, arms: int, seed: int) -> None:
        library, proba = import_module("river.bandit"), import_module("river.proba")
        self.policy = library.ThompsonSampling(reward_obj=proba.Beta(), seed=seed)
        self.ids = list(range(arms))

    def select(self, k: int) -> list[int]:
        free, chosen = list(self.ids), []
        for _ in range(k):
            arm = self.policy.pull(free)
            chosen.append(int(arm))
            free.remove(arm)
        return chosen

    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None:
        for arm, reward in zip(arms, rewards, strict=True):
            self.policy.update(arm, bool(reward))


class BayesianBandits:
    def __init__(self, arms: int, seed: int) -> None:
        library = import_module("bayesianbandits")
        alphas = {0: 1.0, 1: 1.0}
        self.agent = library.Agent(
            [
                library.Arm(
                    i, reward_function=lambda x: x[..., 1], learner=library.DirichletClassifier(alphas, random_state=seed * 1000 + i)
                )
                for i in range(arms)
            ],
            library.ThompsonSampling(),
            random_seed=seed,
        )

    def select(self, k: int) -> list[int]:
        draws = [float(np.ravel(arm.sample(np.ones((1, 1)), size=1))[0]) for arm in self.agent.arms]
        return [int(a) for a in np.argsort(draws)[::-1][:k]]

    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None:
        for arm, reward in zip(arms, rewards, strict=True):
            self.agent.arms[arm].update(np.ones((1, 1)), np.array([int(reward)]))


class PyBandits:
    def __init__(self, arms: int, seed: int) -> None:
        np.random.seed(seed)  # noqa: NPY002 - the library draws from the global generator
        self.mab = import_module("pybandits.smab").SmabBernoulli.cold_start(action_ids={str(i) for i in range(arms)})

    def select(self, k: int) -> list[int]:
        _, chances = self.mab.predict(n_samples=1)[:2]
        draw = chances[0]
        return [int(a) for a in sorted(draw, key=lambda arm: -draw[arm])[:k]]

    def update(self, arms: Sequence[int], rewards: Sequence[float]) -> None:
        self.mab.update(actions=[str(a) for a in arms], rewards=[int(r) for r in rewards])


PEERS: dict[str, Callable[[int, int], Any]] = {
    "MABWiser TS": MABWiser,
    "obp BernoulliTS": Obp,
    "river TS": River,
    "bayesianbandits TS": BayesianBandits,
    "pybandits TS": PyBandits,
}
