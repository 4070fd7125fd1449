"""Several goals: the Pareto front, and the ways to choose one of it, on cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from banditgen import GenerationResult, SelectionCriteria
from banditgen._objectives import bulge, pareto
from banditgen.errors import StrategyError, UsageError
from banditgen.scoring import pareto_front, rank, weigh, winner
from banditgen.strategy import Strategy


def result(name: str, quality: float, speed: float, *, passed: bool = True, **measures: float) -> GenerationResult:
    """A candidate of that quality and speed, the latter by its generation time."""
    one = GenerationResult(name, name, (1 - speed) * 100, "m", 0.1, passed, quality_score=quality, measures=measures, verified=True)
    one.failure = None
    return one


def ranked(criteria: SelectionCriteria, *results: GenerationResult) -> list[str]:
    for one in results:
        weigh(one, criteria)
    orders = {tuple(one.generator_name for one in rank(order, criteria)) for order in (results, results[::-1])}
    assert len(orders) == 1, "the order in which candidates came decides"
    return list(*orders)


def criteria(**settings: Any) -> SelectionCriteria:
    return SelectionCriteria(**{"generation_scale": 60.0, **settings})


def test_the_front_is_who_no_other_beats_in_all() -> None:
    rows = [(1.0, 0.0), (0.6, 0.6), (0.5, 0.6), (0.0, 1.0), (0.0, 0.9), (0.6, 0.6)]
    assert pareto(rows) == [True, True, False, True, False, True]
    assert pareto([]) == []
    assert pareto([(), ()]) == [True, True]


def test_the_front_is_the_same_however_rows_stand_and_holds_each_objective_s_best() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        rows = rng.integers(0, 6, (12, 3)) / 5
        front = np.array(pareto(rows.tolist()))
        order = rng.permutation(12)
        assert (np.array(pareto(rows[order].tolist())) == front[order]).all()
        assert (rows[front].max(0) == rows.max(0)).all()
        inside = [any((other >= row).all() and (other > row).any() for other in rows[front]) for row in rows[~front]]
        assert all(inside)


def test_the_knee_lies_farthest_beyond_the_line_between_the_ends() -> None:
    assert bulge([(1.0, 0.0), (0.8, 0.7), (0.0, 1.0)]) == pytest.approx([1.0, 1.5, 1.0])
    assert bulge([(0.9, 0.2), (0.8, 0.6), (0.5, 0.7)]) == pytest.approx([1.0, 0.75 + 0.8, 1.0])  # scaled by the front's own ends
    assert bulge([(0.5, 0.5), (0.5, 0.5)]) == [0.0, 0.0]


BEST, EVEN, FAST = ("best", 1.0, 0.4), ("even", 0.9, 0.7), ("fast", 0.5, 0.75)


def three(**measures: tuple[float, float, float]) -> list[GenerationResult]:
    made = [result(*one) for one in (BEST, EVEN, FAST)]
    for name, values in measures.items():
        for one, value in zip(made, values, strict=True):
            one.measures[name] = value
    return made


def test_each_way_to_choose_takes_another() -> None:
    weights = {"quality_weight": 0.9, "speed_weight": 0.1}
    assert ranked(criteria(**weights), *three())[0] == "best"
    assert ranked(criteria(**weights, select="knee"), *three()) == ["even", "best", "fast"]
    assert ranked(criteria(select="lexicographic", order=["speed", "quality"]), *three())[0] == "fast"
    assert ranked(criteria(**weights, select="lexicographic"), *three()) == ["best", "even", "fast"]  # by falling weight
    assert ranked(criteria(**weights, select="threshold", thresholds={"speed": 0.6}), *three())[0] == "even"


def test_lexicographic_goes_on_among_those_alike_to_a_hundredth() -> None:
    near = [result("a", 0.901, 0.5, security=0.5), result("b", 0.899, 0.5, security=1.0), result("c", 0.88, 0.9, security=1.0)]
    assert ranked(criteria(select="lexicographic", order=("quality", "security")), *near) == ["b", "a", "c"]


def test_thresholds_take_who_comes_nearest_where_none_reaches_them() -> None:
    how = criteria(select="threshold", thresholds={"coverage": 0.9, "quality": 0.8})
    results = three(coverage=(0.5, 0.8, 0.95))
    assert ranked(how, *results) == ["even", "fast", "best"]  # short of them by 0.1, 0.3 and 0.4
    assert how.measures == ("coverage",)
    assert "nearest" in winner(rank(results, how), how)[1]


@pytest.mark.parametrize("select", ["knee", "lexicographic", "threshold"])
def test_failing_and_outside_candidates_stay_behind_whatever_the_way(select: str) -> None:
    how = criteria(select=select, thresholds={"quality": 0.9}, min_quality_score=0.6)
    failed = result("failed", 1.0, 1.0, passed=False)
    assert ranked(how, failed, result("low", 0.55, 1.0), result("mid", 0.7, 0.5)) == ["mid", "low", "failed"]
    assert rank([], how) == []
    chosen, why = winner(rank(three(), how), how)
    assert chosen is not None
    assert chosen.generator_name in why


def test_a_race_s_front_leaves_out_failures_and_measures_that_not_all_have() -> None:
    how = criteria(measure_weights={"security": 1.0})
    a, b, c = three(security=(0.1, 0.2, 0.3))
    worse = result("worse", 0.8, 0.65, security=0.9)
    for one in (a, b, c, worse):
        weigh(one, how)
    failed = result("failed", 1.0, 1.0, passed=False)
    assert [one.generator_name for one in pareto_front([a, b, worse, c, failed], how)] == ["best", "even", "worse", "fast"]
    del c.measures["security"]
    assert [one.generator_name for one in pareto_front([a, b, worse, c, failed], how)] == ["best", "even", "fast"]


def test_strategies_say_how_to_choose_and_are_written_as_they_were_read() -> None:
    text = """
models = "available"
[criteria]
select = "threshold"
order = ["quality", "security"]
[criteria.thresholds]
coverage = 0.8
[types.api]
select = "lexicographic"
[types.db.thresholds]
"""
    plan = Strategy.loads(text, name="mine")
    assert dict(plan.criteria.thresholds) == {"coverage": 0.8}
    assert (plan.types["api"].select, plan.types["api"].order) == ("lexicographic", ("quality", "security"))
    assert dict(plan.types["db"].thresholds) == {}
    again = Strategy.loads(plan.to_toml(), name="mine")
    assert (again, again.hash) == (plan, plan.hash)
    for wrong in ('select = "best"', "order = [1]", 'order = ["a", "a"]', "thresholds = 3", "thresholds = {a = 2}"):
        with pytest.raises(StrategyError, match=r"line 3: criteria\."):
            Strategy.loads(f'models = "available"\n[criteria]\n{wrong}\n', name="mine")
    with pytest.raises(UsageError, match="select must be one of"):
        SelectionCriteria(select="none")
