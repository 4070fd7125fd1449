"""The contract that every policy keeps, as a test class to subclass; run by pytest over all of ours and over yours."""

from __future__ import annotations

import numpy as np

from banditgen.arm import GeneratorConfig, arm_id
from banditgen.bandit import Policy, State, Statistics, choose

_ARMS = [GeneratorConfig(f"{model}-{heat}", model, heat) for model in ("a", "b", "c") for heat in (0.2, 0.8)]
_NEVER = GeneratorConfig("never", "d", 0.5, weight=0)
_RATES = np.linspace(0.1, 0.9, len(_ARMS))


class PolicyContract:
    """Subclass it, say how a policy is made, and pytest runs the contract.

    Attributes:
        learns: whether the policy prefers arms that were seen to pass.
    """

    learns = True

    def make(self) -> Policy:
        """A new policy."""
        raise NotImplementedError

    def state(self, races: int = 0, seed: int = 1) -> State:
        """Six arms of three models and one of weight 0, after races of three in which they passed at 10 to 90 %."""
        rng, statistics = np.random.default_rng(seed), Statistics()
        for race in range(races):
            arms = rng.choice(len(_ARMS), 3, replace=False)
            passed = (rng.random(3) < _RATES[arms]).astype(float)
            statistics.fold([arm_id(_ARMS[a]) for a in arms], ["t"] * 3, passed, rng.random((3, 2)), [race] * 3)
        return statistics.state([*_ARMS, _NEVER], "t", (0.7, 0.3))

    def test_it_says_who_it_is(self) -> None:
        """A name and a version, the same for two that are made alike."""
        policy, again = self.make(), self.make()
        assert policy.name
        assert policy.version
        assert (policy.name, policy.version, policy.randomised) == (again.name, again.version, again.randomised)

    def test_sets_are_different_arms_that_may_race(self) -> None:
        """Whatever is known, and for every k up to the number of arms of positive weight."""
        for races in (0, 1, 60):
            for k in (1, 3, len(_ARMS)):
                sets = self.make().sets(self.state(races), k, np.random.default_rng(2), 20)
                assert sets.shape == (20, k)
                assert all(len(set(row)) == k and len(_ARMS) not in row for row in sets.tolist())

    def test_the_same_seed_chooses_the_same(self) -> None:
        """All that is random comes from the generator that is handed in, and the state is left as it was."""
        state = self.state(30)
        before = [table.copy() for table in (state.passes, state.fails, state.total, state.pending)]
        one, other = (choose(self.make(), state, 3, np.random.default_rng(7)) for _ in range(2))
        assert one.arms.tolist() == other.arms.tolist()
        assert one.propensities.tolist() == other.propensities.tolist()
        after = (state.passes, state.fails, state.total, state.pending)
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))

    def test_means_and_draws_are_rewards(self) -> None:
        """In [0, 1] for every arm, one row of means and as many draws as were asked for."""
        means = self.make().means(self.state(60))
        draws = self.make().draws(self.state(60), np.random.default_rng(3), 8)
        assert means.shape == (1, len(_ARMS) + 1)
        assert draws.shape == (8, len(_ARMS) + 1)
        for values in (means, draws):
            assert np.isfinite(values).all()
            assert ((values >= 0) & (values <= 1)).all()

    def test_equal_evidence_has_equal_chances(self) -> None:
        """No arm is preferred for its place in the list: 1,200 first choices among six unknown arms."""
        policy, state, rng = self.make(), self.state(), np.random.default_rng(4)
        first = np.concatenate([policy.sets(state, 1, rng, 1)[:, 0] for _ in range(1200)])
        counts = np.bincount(first, minlength=len(_ARMS) + 1)
        assert counts[-1] == 0
        assert (np.abs(counts[:-1] - 200) < 60).all(), counts.tolist()

    def test_the_best_arm_is_found(self) -> None:
        """After 300 races the arm that passes at 90 % is expected to be the best, and stands in most races of two."""
        policy, state = self.make(), self.state(300)
        if self.learns:
            assert int(policy.means(state)[0, : len(_ARMS)].argmax()) == len(_ARMS) - 1
            sets = policy.sets(state, 2, np.random.default_rng(5), 200)
            assert (sets == len(_ARMS) - 1).any(1).mean() > 0.6
