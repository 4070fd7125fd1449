"""The set whose best member is expected to be best: Thompson sampling for the maximum instead of the sum.

Outcomes of one race fail together (a hard task, one model at two temperatures), so the k best means are not the best race. A draw of
the abilities of `responses` gives each arm's chance to pass given the task's ease and the model's; the set is built greedily, each
time the arm that adds most to the best reward expected, which for this submodular value is within 1 - 1/e of the best
(Nemhauser, Wolsey and Fisher 1978), and in practice equal to it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import ndtr

from banditgen.bandit.arrays import Floats, Ints
from banditgen.bandit.base import RandomSource, State, top
from banditgen.bandit.coverage import Coverage
from banditgen.bandit.fitting import fit
from banditgen.bandit.priors import with_priors
from banditgen.bandit.rates import rates
from banditgen.bandit.responses import Arms, Prior, information
from banditgen.bandit.spending import Account, price
from banditgen.bandit.thompson import measure_posterior

FIRST = 1.0, 1.0  # sharpness and prior sharpness of the first arm of a race in waves, which explores
LATER = 32.0, 4.0  # and of those that come after it
CANDIDATES = 32  # of each draw, by mean reward: who is not among them adds nothing that is worth the time


@dataclasses.dataclass(frozen=True)
class BestSet:
    """Draws abilities from their posterior and takes the set of the largest expected best reward.

    Args:
        sharpness: multiplies the evidence in the variance of the draws of a race at once; above 1 explores less.
        prior_sharpness: the same for what is believed before any evidence: many arms that nobody tried are not all tried at once.
        spread: prior standard deviation of the arms' abilities.
        spread_strength: how many arms that is worth.
    """

    sharpness: float = 6.0
    prior_sharpness: float = 3.0
    spread: float = 0.8
    spread_strength: float = 4.0
    name: str = "best_set"
    randomised: bool = True

    @property
    def version(self) -> str:
        """Changes with the settings."""
        numbers = (self.sharpness, self.prior_sharpness, self.spread, self.spread_strength)
        return f"best_set-4({','.join(f'{x:g}' for x in numbers)})"

    def sets(self, state: State, k: int, rng: RandomSource, size: int) -> Ints:
        """(size, k), best first."""
        race, chosen = self._race(state, rng, size, k), np.empty((size, k), np.int64)
        for i in range(k):
            if i > 0:
                race.take()
            chosen[:, i] = race.next()[0]
        return chosen

    def race(self, state: State, rng: RandomSource, size: int, most: int, cost: Floats | None = None, *, begun: bool = False) -> Coverage:
        """A race in waves for each of `size` draws.

        Its first arm is that of a plain draw: it explores, on tasks of all kinds. What comes after it makes up for it where it fails,
        and is drawn more sharply than at once.

        Args:
            state: of one row, or `size`.
            rng: where chance comes from.
            size: how many draws.
            most: arms that can be chosen one after another.
            cost: as in `Coverage`.
            begun: whether arms have run already.
        """
        later = dataclasses.replace(self, sharpness=LATER[0], prior_sharpness=LATER[1])
        if begun or most == 1:
            return later._race(state, rng, size, most, cost)  # noqa: SLF001 - its own class
        plain = dataclasses.replace(self, sharpness=FIRST[0], prior_sharpness=FIRST[1])
        rewards = plain._rewards(state, rng, size)[0] * state.weight  # noqa: SLF001 - its own class
        rewards = np.where(state.weight > 0, rewards if cost is None else rewards / cost, -np.inf)
        return later._race(state, rng, size, most, cost, rewards.argmax(1))  # noqa: SLF001 - its own class

    def _race(
        self, state: State, rng: RandomSource, size: int, most: int, cost: Floats | None = None, first: Ints | None = None
    ) -> Coverage:
        rewards, draws, worth = self._rewards(state, rng, size)
        candidates = top(rewards, state.weight, min(max(CANDIDATES, 2 * most), state.arms))
        if first is not None:
            missing = ~(candidates == first[:, None]).any(1)
            candidates[missing, -1] = first[missing]
        return Coverage(self.fit(state), draws, worth, state, candidates, cost, first)

    def _rewards(self, state: State, rng: RandomSource, size: int) -> tuple[Floats, Floats, Floats | None]:
        """(size, K) each: draws of mean rewards, of the abilities behind them, and of what a pass is worth (None is 1)."""
        arms, shape = self.fit(state), (size, state.arms)
        draws, worth = self._abilities(state, arms, rng, shape), _worth(state, rng, shape)
        rate: Floats = ndtr(draws / arms.scale)
        return rate if worth is None else rate * worth, draws, worth

    def means(self, state: State) -> Floats:
        """(B, K): expected reward, of the posterior that `draws` draws from."""
        quantile, variance = rates(state, self._prior, self.fit(state))
        rate = ndtr(quantile / np.sqrt(1 + variance))
        mean: Floats = rate if _binary(state) else rate * np.clip(measure_posterior(state)[0], 0.0, 1.0)
        return mean

    def draws(self, state: State, rng: RandomSource, size: int) -> Floats:
        """(size, K), for people: not sharpened."""
        quantile, variance = rates(state, self._prior, self.fit(state))
        shape = (size, state.arms)
        rate: Floats = ndtr(quantile + np.sqrt(variance) * rng.standard_normal(shape))
        worth = _worth(state, rng, shape)
        return rate if worth is None else rate * worth

    def fit(self, state: State) -> Arms:
        """What the state says of the arms; kept with its patterns, for the next call or as the start of the next fit."""
        fits, key = state.patterns.fits, (self.spread, self.spread_strength)
        told = (state.passes, state.fails, state.prior_mean, state.prior_strength, state.other_count, state.other_total)
        known = tuple(float(part.sum()) for part in told)
        before = fits.get(key)
        if before is None or before[0] != known:
            before = fits[key] = known, fit(with_priors(state), self._prior, before and before[1])
        arms: Arms = before[1]
        return arms

    @property
    def _prior(self) -> Prior:
        return Prior(spread=self.spread, spread_strength=self.spread_strength)

    def price(self, state: State, cost: Floats, account: Account, most: int) -> Floats:
        """(B,): see `spending.price`."""
        worth = None if _binary(state) else np.clip(measure_posterior(state)[0], 0.0, 1.0)
        return price(self.fit(state), worth, state, cost, account, most)

    def _abilities(self, state: State, arms: Arms, rng: RandomSource, shape: tuple[int, int]) -> Floats:
        """Sharpened draws; a pending race counts as an outcome at the arm's mean. What parents and other task types tell may be wrong,
        and isn't sharpened.
        """
        own = np.maximum(1 / arms.variance - 1 / arms.start_variance, 0.0)
        if state.pending.any():
            own = own + state.pending * information(arms.ability / arms.scale) / arms.scale**2
        told = (state.prior_strength > 0) | (state.other_count.sum(1) > 0)
        deviation = 1 / np.sqrt(np.where(told, 1.0, self.prior_sharpness) / arms.start_variance + self.sharpness * own)
        draws: Floats = arms.ability + deviation * rng.standard_normal(shape)
        return draws


def _binary(state: State) -> bool:
    """Whether every pass was worth 1: then passing is all there is to know."""
    return bool((state.total == state.passes).all())


def _worth(state: State, rng: RandomSource, shape: tuple[int, int]) -> Floats | None:
    """Draws of what a pass of each arm is worth; None where that is always 1."""
    if _binary(state):
        return None
    mean, deviation = measure_posterior(state)
    worth: Floats = np.clip(mean + deviation * rng.standard_normal(shape), 0.0, 1.0)
    return worth
