"""Whether routing pays, on planted matrices: the right answer in nearly all of many runs, and figures that nobody chose."""

from __future__ import annotations

import numpy as np
import pytest

from banditgen.offline.matrix.findings import analyse
from banditgen.offline.matrix.outcomes import Matrix
from banditgen.offline.matrix.plans import Plans, failing, ordered, solved, spent
from banditgen.offline.matrix.routing import route
from banditgen.offline.matrix.sentences import sentences
from tests.offline.matrix.worlds import World, all_equal, complements, nobody, one_best, sampled, specialists

RUNS = 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "pays", "says"),
    [
        (one_best, False, "don't route, use a0"),
        (all_equal, False, "don't route, use a"),
        (complements, True, "race a"),
        (specialists, True, "choose by type (text: a0"),
        (nobody, False, "no arm solves any of these 100 tasks"),
    ],
)
def test_the_answer_is_the_planted_one(world: World, pays: bool, says: str) -> None:
    """In at least 28 of 30 runs; experiments/bench/planted.py has 200 runs of more kinds."""
    right = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(seed)
        found = analyse(sampled(world(rng, 4, 100), 4, rng))
        assert found.routing is not None
        right += found.routing.pays is pays and sentences(found)[0].startswith(says)
    assert right >= RUNS - 2


def test_figures_are_of_tasks_that_the_plan_was_not_chosen_on() -> None:
    """Among forty arms that guess, the best in sight looks good; what is said of it does not."""
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        matrix = sampled(np.full((40, 30), 0.3), 1, rng)
        found = route(matrix, 1)
        assert found is not None
        assert matrix.rates.mean(1).max() > 0.4
        values.append(found.recommended.solved.value)
    assert np.mean(values) == pytest.approx(0.3, abs=0.04)


def test_plans_are_all_multisets_and_their_chances_are_products() -> None:
    plans = Plans.of(3, 3, 2)
    assert sorted(tuple(plans.tries(row)) for row in range(len(plans.arms)) if plans.size[row] == 3) == [
        (0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2), (0, 2, 2), (1, 1, 2), (1, 2, 2),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    matrix = sampled(rng.random((3, 5)), 4, rng)
    chances = failing(matrix, 2)
    fails = plans.fail(chances, slice(None))
    for row in range(len(plans.arms)):
        tries = plans.tries(row)
        assert np.allclose(1 - fails[row], solved(tuple(tries), chances))
    order = ordered([2, 0, 0], chances, np.zeros(3))
    assert sorted(order) == [0, 0, 2]
    assert np.allclose(spent((0,), chances), 1)
    assert (spent(order, chances) <= 3).all()


def test_one_sample_says_nothing_of_trying_again() -> None:
    rng = np.random.default_rng(0)
    found = analyse(sampled(complements(rng, 4, 100), 1, rng))
    assert found.routing is not None
    assert found.routing.pays is None
    assert "take 2 or more" in sentences(found)[0]


def test_few_tasks_cannot_tell_and_say_how_many_would() -> None:
    rng = np.random.default_rng(3)
    found = analyse(sampled(all_equal(rng, 4, 12), 2, rng))
    assert found.routing is not None
    assert found.routing.pays is None
    assert found.routing.more_tasks is not None
    assert f"about {found.routing.more_tasks:,} more tasks would tell" in sentences(found)[0]


def test_missing_outcomes_leave_out_an_arm_or_a_task_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    whole = sampled(one_best(rng, 4, 60), 3, rng)
    table = whole.outcomes.copy()
    table[3, :50] = np.nan
    table[:, 0] = np.nan
    table[0, 1, 2] = np.nan
    found = analyse(Matrix(whole.arms, whole.tasks, whole.types, table))
    assert found.missing == ["a3"]
    assert found.routing is not None
    assert (found.routing.tasks, found.routing.depth, found.routing.single.arms[0]) == (58, 3, "a0")
    nothing = analyse(Matrix(whole.arms, whole.tasks, whole.types, np.full(table.shape, np.nan)))
    assert nothing.routing is None
    assert sentences(nothing)[0] == "can't tell anything: it takes two tasks at least that have verdicts of the same arms"


def test_names_that_somebody_else_wrote_are_shown_on_one_line() -> None:
    rng = np.random.default_rng(0)
    matrix = sampled(one_best(rng, 2, 20), 2, rng)
    evil = ("\x1b[31ma0\n\u202e" + "x" * 500, "a1")
    said = "".join(sentences(analyse(Matrix(evil, matrix.tasks, matrix.types, matrix.outcomes))))
    assert said.isprintable()
    assert "x" * 100 not in said
