"""Strategies: found by name or path, validated with file, line and key, expanded on a backend, written and read back."""

import contextlib
import dataclasses
import logging
import re
import shutil
import time
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banditgen import bandit
from banditgen.arm import GeneratorConfig
from banditgen.errors import StrategyError, UsageError
from banditgen.generators.base import ModelInfo
from banditgen.scoring import SelectionCriteria
from banditgen.strategy import POLICIES, Strategy, expand, folders, known_strategies
from banditgen.strategy.evolution import Evolution
from banditgen.strategy.toml import key_lines

ARM = '[[arms]]\nname = "a"\nmodel = "m"\n'
AVAILABLE = 'models = "available"\n'


def loads(text: str) -> Strategy:
    return Strategy.loads(text, name="mine", source="mine.toml")


@pytest.mark.parametrize(("name", "quality", "speed"), [("balanced", 0.7, 0.3), ("quality_first", 0.85, 0.15), ("speed_first", 0.5, 0.5)])
def test_the_shipped_strategies_have_the_documents_weights_and_run_on_any_backend(name: str, quality: float, speed: float) -> None:
    strategy = Strategy.load(name)
    assert strategy.name == name
    assert (strategy.criteria.quality_weight, strategy.criteria.speed_weight) == (quality, speed)
    assert (strategy.policy, strategy.k) == ("best_set", 3)
    assert [arm.name for arm in expand(strategy, ["m"])] == ["m_t0.1", "m_t0.5", "m_t0.9"]


def test_a_path_works_as_well_as_a_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ARM, encoding="utf-8")
    for given_path in (path, str(path)):
        strategy = Strategy.load(given_path)
        assert (strategy.name, strategy.path, strategy.arms) == ("mine", path, (GeneratorConfig("a", "m"),))


def test_a_users_own_folder_is_searched_after_those_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda _name: str(tmp_path))
    Strategy("own", arms=(GeneratorConfig("a", "m"),)).save(tmp_path / "strategies" / "own.toml")
    Strategy("own", arms=(GeneratorConfig("b", "m"),)).save(tmp_path / "strategies" / "balanced.toml")
    assert Strategy.load("own").arms[0].name == "a"
    assert Strategy.load("balanced").arms == ()
    assert list(known_strategies()) == ["balanced", "quality_first", "speed_first", "own"]


def test_an_installed_package_has_its_strategies_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(known_strategies()["balanced"].parent, tmp_path / "banditgen" / "strategies")
    monkeypatch.setattr(folders, "__file__", str(tmp_path / "banditgen" / "strategy" / "folders.py"))
    assert Strategy.load("balanced").path == tmp_path / "banditgen" / "strategies" / "balanced.toml"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(StrategyError, match=r"no strategy 'ballanced': known are balanced, quality_first, speed_first"):
        Strategy.load("ballanced")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"k = 3\n# caf\xe9\n")
    (tmp_path / "big.toml").write_bytes(b"#" * (2 << 20))
    for path, words in [
        (tmp_path / "none.toml", "can't be read: No such file"),
        (tmp_path, "can't be read"),
        (tmp_path / "latin.toml", "line 2: not UTF-8"),
        (tmp_path / "big.toml", "larger than 1 MB"),
    ]:
        with pytest.raises(StrategyError, match=re.escape(str(path)) + ".*" + words):
            Strategy.load(path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (AVAILABLE + "k = 0\n", 2, "k: k must be a whole number of at least 1, not 0"),
        (AVAILABLE + "k = true\n", 2, "k: k must be a whole number"),
        (AVAILABLE + "\n# a comment\npolcy = 'thompson'\n", 4, "polcy: unknown key; did you mean policy?"),
        (AVAILABLE + "policy = 'best'\n", 2, "policy: policy must be one of thompson, best_set"),
        ("models = ['m']\n", 1, 'models: models must be "available"'),
        (AVAILABLE + "temperatures = []\n", 2, "temperatures: temperatures must be a list of at least one number"),
        (AVAILABLE + "temperatures = [0.1,\n  nan]\n", 2, "temperatures: temperatures must be numbers between 0 and 1000, not nan"),
        (AVAILABLE + "temperatures = [1, 1.0]\n", 2, "temperatures: temperatures must differ"),
        ("temperatures = [1]\n" + ARM, 1, 'temperatures: temperatures only goes with models = "available"'),
        (AVAILABLE + "weights = 1\n", 2, "weights: must be a table"),
        (AVAILABLE + "[weights]\nquality = 1\n", 2, "weights: speed is missing"),
        (AVAILABLE + "[weights]\nquality = -1\nspeed = 1\n", 3, "weights.quality: quality_weight must be a finite number"),
        (AVAILABLE + "[weights]\nquality = 1\nspeed = nan\n", 4, "weights.speed: speed_weight must be a finite number"),
        (AVAILABLE + "[weights]\nquality = 0\nspeed = 0\n", 2, "weights: quality_weight and speed_weight are both 0"),
        (AVAILABLE + "weights.quality = 1\nweights.sped = 1\n", 3, "weights.sped: unknown key; did you mean speed?"),
        (AVAILABLE + "[criteria]\nmin_quality_score = 2\n", 3, "criteria.min_quality_score: min_quality_score must be a number between 0"),
        (AVAILABLE + "[criteria]\nmax_generation_time = 0\n", 3, "criteria.max_generation_time: max_generation_time must be seconds"),
        (AVAILABLE + "[criteria]\nprefer_simplicity = 1\n", 3, "criteria.prefer_simplicity: prefer_simplicity must be true or false"),
        (AVAILABLE + "[criteria]\nquality_weight = 1\n", 3, "criteria.quality_weight: unknown key"),
        (AVAILABLE + "[evolution]\nevery = 0\n", 3, "evolution.every: every must be a whole number of at least 1, not 0"),
        (AVAILABLE + "[evolution]\nmax_arms = 8\nmax_arm = 1\n", 4, "evolution.max_arm: unknown key; did you mean max_arms?"),
        (AVAILABLE + "[evolution]\ntrial_share = 1\n", 3, "evolution.trial_share: trial_share must be a number above 0 and below 1"),
        (AVAILABLE + "evolution = true\n", 2, "evolution: must be a table"),
        ("k = 3\n", 1, "arms: no arms: give [[arms]]"),
        ("", 1, "arms: no arms"),
        ("arms = []\n", 1, "arms: no arms"),
        ("k = 1\narms = 'a'\n", 2, "arms: must be tables"),
        ("k = 1\n\n[[arms]]\nname = 'a'\n", 3, "arms: model is missing"),
        (ARM + "temperature = 2500\n", 4, "arms.temperature: arm 'a': temperature must be a number between 0 and 1000"),
        (ARM + f"top_k = 1{'0' * 400}\n", 4, "arms.top_k: the number is too large"),
        (
            ARM + 'system_prompt = """\nname = "b"\ntemprature = 3\n"""\ntemprature = 1\n',
            8,
            "arms.temprature: unknown key; did you mean",
        ),
        (ARM + "max_tokens = 1.5\n", 4, "arms.max_tokens: arm 'a': max_tokens must be a whole number"),
        (ARM + "[arms.extra]\nx = 1\n", 4, "arms.extra: unknown key"),
        (ARM + '\n[[arms]]\nmodel = "n"\nname = "a"\n', 7, "arms.name: two arms are named 'a': the first on line 2"),
        (
            "arms = [\n  {name = 'a', model = 'm'},\n  {name = '', model = 'm'},\n]\n",
            1,
            "arms.name: GeneratorConfig.name must be",
        ),
        ("k = 3\nk = 4\n", 2, "not TOML: Cannot overwrite"),
        ("k = 3\npolicy = thompson\n", 2, "not TOML: Invalid value"),
        ('k = 3\npolicy = """\n\n', 3, "not TOML: Unterminated string"),
        ("x = " + "[" * 5000, 1, "not TOML"),
        ("k = " + "9" * 5000, 1, "not TOML"),
    ],
)
def test_what_does_not_validate_is_named_with_file_line_and_key(text: str, line: int, words: str) -> None:
    with pytest.raises(StrategyError) as caught:
        loads(text)
    message = str(caught.value)
    assert message.startswith(f"mine.toml: line {line}: {words}")
    assert "\n" not in message
    assert len(message) < 500


def test_carriage_returns_and_odd_line_breaks_do_not_move_the_line() -> None:
    for text in ("# one\r\n" + AVAILABLE.replace("\n", "\r\n") + "k = 0\r\n", "# one \x85 \u2028\n" + AVAILABLE + "k = 0\n"):
        with pytest.raises(StrategyError, match=r"line 3: k:"):
            loads(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"models": "available", "k": 0},
        {"models": "available", "policy": "best"},
        {"models": "all"},
        {"models": "available", "temperatures": (-3,)},
        {"arms": (GeneratorConfig("a", "m"),), "temperatures": (1.0,)},
        {"arms": (GeneratorConfig("a", "m"), GeneratorConfig("a", "n"))},
        {"models": "available", "evolution": True},
    ],
)
def test_a_strategy_made_in_code_is_validated_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(StrategyError, match="strategy 'mine'"):
        Strategy("mine", **wrong)


def test_available_makes_an_arm_of_every_model_and_temperature() -> None:
    strategy = loads(AVAILABLE + "temperatures = [0, 1.25]\n")
    arms = expand(strategy, [ModelInfo("smollm2-135m-instruct"), ModelInfo("qwen:3b")])
    assert [(arm.name, arm.model, arm.temperature) for arm in arms] == [
        ("smollm2-135m-instruct_t0", "smollm2-135m-instruct", 0.0),
        ("smollm2-135m-instruct_t1.25", "smollm2-135m-instruct", 1.25),
        ("qwen:3b_t0", "qwen:3b", 0.0),
        ("qwen:3b_t1.25", "qwen:3b", 1.25),
    ]


def test_a_named_arm_whose_model_is_missing_is_dropped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    strategy = loads(ARM + '[[arms]]\nname = "b"\nmodel = "n:latest"\n')
    with caplog.at_level(logging.WARNING, "banditgen.strategy"):
        assert [arm.name for arm in expand(strategy, ["n", "other"])] == ["b"]
    assert [record.getMessage() for record in caplog.records] == ["strategy mine: arm a is dropped: the backend has no model m"]


def test_a_named_arm_stands_before_one_made_with_its_name() -> None:
    strategy = loads(AVAILABLE + '[[arms]]\nname = "m_t0.5"\nmodel = "m"\nmax_tokens = 9\n')
    assert [(arm.name, arm.max_tokens) for arm in expand(strategy, ["m"])] == [("m_t0.5", 9), ("m_t0.1", 4000), ("m_t0.9", 4000)]


@pytest.mark.parametrize(("text", "available"), [(ARM, ["other"]), (ARM, []), (AVAILABLE, [])])
def test_no_arm_left_is_an_error_that_lists_the_models(text: str, available: list[str]) -> None:
    with pytest.raises(UsageError, match=r"no arm that can race here.*; the backend's models: " + (", ".join(available) or "none")):
        expand(loads(text), available)


def test_the_hash_is_of_the_content_alone() -> None:
    assert loads(AVAILABLE).hash == Strategy.loads("# other words\n" + AVAILABLE, name="other").hash
    assert loads(AVAILABLE).hash != loads(AVAILABLE + "k = 4\n").hash
    assert re.fullmatch("[0-9a-f]{12}", loads(AVAILABLE).hash)


def test_evolution_is_off_unless_its_table_is_there_and_is_part_of_the_hash() -> None:
    strategy = loads(AVAILABLE + "[evolution]\n")
    assert strategy.evolution == Evolution()
    assert loads(AVAILABLE).evolution is None
    assert len({loads(AVAILABLE + text).hash for text in ("", "[evolution]\n", "[evolution]\nevery = 9\n")}) == 3
    assert loads(AVAILABLE).hash == "b1e3465d6669"  # as before there was any evolution: decisions were logged under it
    changed = dataclasses.replace(strategy, evolution=Evolution(every=9, trial_share=0.125))
    assert loads(changed.to_toml()) == changed


def test_saving_where_it_cannot_be_written_is_a_strategy_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StrategyError, match="can't be written"):
        loads(AVAILABLE).save(tmp_path / "file" / "mine.toml")


TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: bool(text.strip()))
UNIT = st.floats(0, 1)
SECONDS = st.none() | st.floats(0, exclude_min=True, allow_nan=False)
ARMS = st.lists(
    st.builds(
        GeneratorConfig,
        name=TEXT,
        model=TEXT,
        temperature=st.floats(0, 2),
        max_tokens=st.integers(1, 10**6),
        system_prompt=st.none() | st.text(st.characters(codec="utf-8")),
        weight=st.floats(0, 1e9),
        top_p=st.none() | UNIT,
        top_k=st.none() | st.integers(0, 1000),
        think=st.none() | st.booleans(),
    ),
    unique_by=lambda arm: arm.name,
    max_size=3,
)
CRITERIA = st.builds(
    SelectionCriteria,
    quality_weight=st.floats(1e-6, 10),
    speed_weight=st.floats(0, 10),
    min_quality_score=UNIT,
    max_generation_time=SECONDS,
    max_execution_time=SECONDS,
    prefer_simplicity=st.booleans(),
)
STRATEGIES = st.builds(
    Strategy,
    name=st.just("mine"),
    arms=ARMS,
    k=st.integers(1, 100),
    policy=st.sampled_from(POLICIES),
    criteria=CRITERIA,
    models=st.just("available"),
    temperatures=st.lists(st.floats(0, 2), min_size=1, max_size=4, unique_by=lambda heat: f"{heat:g}"),
)


@pytest.mark.slow
@given(STRATEGIES)
def test_a_strategy_written_and_read_is_the_same_strategy(strategy: Strategy) -> None:
    read = loads(strategy.to_toml())
    assert read == strategy
    assert read.hash == strategy.hash


def test_saved_and_loaded_is_the_same_strategy(tmp_path: Path) -> None:
    strategy = dataclasses.replace(loads(ARM), name="kept", k=2)
    loaded = Strategy.load(strategy.save(tmp_path / "new" / "kept.toml"))
    assert loaded == strategy


@given(st.text())
def test_any_text_is_read_or_refused_as_a_strategy_error(text: str) -> None:
    with contextlib.suppress(StrategyError):
        loads(text)


TYPED = """
[weights]
quality = 0.7
speed = 0.3
measures = { documentation = 0.1 }

[criteria]
min_quality_score = 0.4
generation_scale = 90.0

[bandit]
exploration = 0.02
sharpness = 3.0

[types.api_integration]
quality = 0.9
speed = 0.1
max_execution_time = 5.0

[types."odd name"]
measures = {}
"""


def test_a_task_type_has_what_its_table_says_and_the_rest_from_the_strategy() -> None:
    strategy = loads(AVAILABLE + TYPED)
    own = strategy.criteria_for("api_integration")
    assert (own.quality_weight, own.speed_weight, own.max_execution_time) == (0.9, 0.1, 5.0)
    assert (own.min_quality_score, own.generation_scale, own.measure_weights) == (0.4, 90.0, (("documentation", 0.1),))
    assert strategy.criteria_for("odd name") == dataclasses.replace(strategy.criteria, measure_weights=())
    assert strategy.criteria_for("other") == strategy.criteria
    assert (strategy.bandit.exploration, strategy.bandit.sharpness, strategy.bandit.keep) == (0.02, 3.0, None)


def test_types_bandit_and_measures_survive_writing_and_change_the_hash() -> None:
    strategy = loads(AVAILABLE + TYPED)
    again = loads(strategy.to_toml())
    assert again == strategy
    assert again.hash == strategy.hash
    plain = loads(AVAILABLE)
    changed = [
        dataclasses.replace(plain, types={"a": SelectionCriteria(0.5, 0.5)}),
        dataclasses.replace(plain, criteria=dataclasses.replace(plain.criteria, execution_scale=5.0)),
        dataclasses.replace(plain, criteria=dataclasses.replace(plain.criteria, measure_weights={"style": 0.1})),
        loads(AVAILABLE + "[bandit]\nkeep = 0.5\n"),
    ]
    assert len({strategy.hash for strategy in [plain, *changed]}) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[types.a]\nquality = 0.5\n", r"line 2: types.a: speed is missing"),
        ("[types.a]\nqualty = 0.5\n", r"line 3: types.a.qualty: unknown key; did you mean quality\?"),
        ("[types.a]\nquality = -1\nspeed = 0\n", r"line 3: types.a.quality: quality_weight must be a finite number"),
        ("[types.a]\nquality = 0\nspeed = 0\n", r"line 2: types.a: quality_weight and speed_weight are both 0"),
        ("[types]\na = 3\n", r"types.a: must be a table: \[types.a\]"),
        ("[types.a.measures]\nstyle = -2\n", r"line 3: types.a.measures.style: the weight of style must be"),
        ("[weights]\nquality = 1\nspeed = 1\nmeasures = 3\n", r"line 5: weights.measures: must be a table"),
        ("[criteria]\nexecution_scale = 0\n", r"line 3: criteria.execution_scale: execution_scale must be seconds above 0"),
        ("[bandit]\nexploration = 2\n", r"line 3: bandit.exploration: exploration must be a number between 0 and 1"),
        ("[bandit]\nsharpness = 0\n", r"line 3: bandit.sharpness: sharpness must be above 0"),
    ],
)
def test_what_cannot_stand_in_these_tables_names_line_and_key(text: str, message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        loads(AVAILABLE + text)


def test_settings_that_a_policy_does_not_have_are_refused() -> None:
    with pytest.raises(StrategyError, match=r"line 4: bandit.sharpness: sharpness only goes with the policies thompson, best_set"):
        loads(AVAILABLE + 'policy = "greedy"\n[bandit]\nsharpness = 2\n')


def test_a_task_type_may_be_without_a_limit_that_the_strategy_has() -> None:
    strategy = loads(AVAILABLE + "[criteria]\nmax_generation_time = 9.0\n[types.slow]\nmax_generation_time = inf\n")
    assert strategy.criteria_for("slow").max_generation_time is None
    assert loads(strategy.to_toml()) == strategy


def test_lines_are_found_past_any_string_bracket_and_comment() -> None:
    """What looks like the end of a statement may stand in a string; what looks like a string may stand in a comment."""
    rows = [
        '# [ """ \'',
        'a = "[\\"#" # ]',
        "b = '''",
        "]\\",
        "''''",
        'c = """x\\"""',
        "y = [",
        '"""""',
        "d = [ # ]",
        '  {e = 1, f = "}"},',
        "  '[',",
        "]",
        "[t.'u ]']",
        "g = 1",
        "[[h]]",
        "i = { j = [",
        "] }",
        "[[h]]",
        "i = 2",
    ]
    lines = key_lines("\n".join(rows))
    expected = {("a",): 2, ("b",): 3, ("c",): 6, ("d",): 9, ("d", 0, "e"): 9, ("t", "u ]"): 13, ("t", "u ]", "g"): 14}
    expected |= {("h", 0): 15, ("h", 0, "i", "j"): 16, ("h", 1): 18, ("h", 1, "i"): 19}
    assert {path: lines[path] for path in expected} == expected


def test_a_bad_key_beside_a_long_array_is_named_at_once() -> None:
    """The lines of a text are found in one pass: it took 21 s beside 4,000 lines once."""
    text = "temperatures = [\n" + "".join(f"  0.{i:04d},\n" for i in range(4000)) + "]\nbad_key = 1\n"
    started = time.process_time()
    with pytest.raises(StrategyError, match="line 4003: bad_key"):
        Strategy.loads(text, name="long")
    assert time.process_time() - started < 3


def test_a_system_prompt_goes_to_arms_that_have_none_and_into_their_ids() -> None:
    own = '[[arms]]\nname = "b"\nmodel = "m"\nsystem_prompt = "Be kind."'
    text = f'system_prompt = "Be terse."\nbrief = false\n[[arms]]\nname = "a"\nmodel = "m"\n{own}'
    strategy = Strategy.loads(text, name="s")
    assert (strategy.system_prompt, strategy.brief) == ("Be terse.", False)
    assert [arm.system_prompt for arm in expand(strategy, ["m"])] == ["Be terse.", "Be kind."]
    assert Strategy.loads(strategy.to_toml(), name="s") == strategy
    bare = Strategy.loads('[[arms]]\nname = "a"\nmodel = "m"', name="s")
    assert bare.brief
    assert expand(bare, ["m"])[0].arm_id != expand(strategy, ["m"])[0].arm_id
    assert len({bare.hash, dataclasses.replace(bare, brief=False).hash, dataclasses.replace(bare, system_prompt="x").hash}) == 3
    for wrong in ('system_prompt = " "', "system_prompt = 3", 'brief = "no"'):
        with pytest.raises(StrategyError, match=r"system_prompt|brief"):
            Strategy.loads(f'{wrong}\n[[arms]]\nname = "a"\nmodel = "m"', name="s")


def test_the_policies_that_a_file_may_name_are_those_that_can_be_made() -> None:
    """A file's check needs no numpy, so it has the names; `mp_ts` is the textbook's rule, for comparisons alone."""
    assert sorted([*POLICIES, "mp_ts"]) == sorted(bandit.POLICIES)
