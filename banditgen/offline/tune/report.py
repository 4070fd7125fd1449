"""What tuning came to, as a strategy file that says why, and as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from banditgen._text import flat
from banditgen.errors import StrategyError, UsageError
from banditgen.offline.tune.bandit import BanditTuning
from banditgen.offline.tune.tuner import Tuned, count
from banditgen.scoring import SelectionCriteria
from banditgen.strategy import TUNED_ON, Strategy, is_shipped

LABELS = {"quality_weight": "quality", "speed_weight": "speed"}


def to_json(tuned: Tuned, path: Path | None) -> dict[str, Any]:
    """JSON-ready; `path` is where the proposal was written."""
    gain = tuned.gain
    return {
        "proposed": tuned.strategy is not None,
        "strategy": None if path is None else str(path),
        "weights": tuned.weights,
        "by_task_type": tuned.by_task_type,
        "in_use": tuned.in_use,
        "gain": None if gain is None else gain.value,
        "interval": None if gain is None else [gain.low, gain.high],
        "evidence": tuned.evidence,
        "preferences": tuned.preferences,
        "left_out": tuned.left_out,
        "needed": tuned.needed,
        "agreement": {"in_use": tuned.agreement[0], "found": tuned.agreement[1]},
        "steps": [
            {"name": s.name, "gain": s.gain.value, "interval": [s.gain.low, s.gain.high], "chance": s.gain.chance, "taken": s.taken}
            for s in tuned.steps
        ],
        "studies": tuned.trials,
        "why": tuned.why,
        "bandit": None if tuned.bandit is None else _bandit_json(tuned.bandit),
    }


def _bandit_json(bandit: BanditTuning) -> dict[str, Any]:
    gain = bandit.gain
    numbers = {"gain": None, "interval": None} if gain is None else {"gain": gain.value, "interval": [gain.low, gain.high]}
    return {"settings": bandit.settings, **numbers, "why": bandit.why}


def to_toml(tuned: Tuned, before: Strategy, history_url: str | None = None) -> str:
    """The proposed strategy with what changed, from how much evidence and for which gain, as comments.

    Raises:
        UsageError: nothing is proposed.
    """
    if tuned.strategy is None:
        raise UsageError(f"nothing to write: {tuned.why}")
    lines = [] if history_url is None else [TUNED_ON.removeprefix("# ") + history_url]
    lines += [f"Strategy {before.name}, tuned by banditgen on {count(tuned.evidence, tuned.preferences)}."]
    if tuned.gain is not None and any(step.taken for step in tuned.steps):
        gain = tuned.gain
        lines.append(
            f"Expected gain: {gain.value:.4f} nats of held-out log-likelihood for each (interval {gain.low:.4f} to {gain.high:.4f})."
        )
    else:
        lines.append(f"Weights: {tuned.why}.")
    if tuned.bandit is not None:
        lines.append(f"The bandit's own settings: {tuned.bandit.why}.")
    if tuned.agreement[0] is not None and tuned.agreement[1] is not None:
        lines.append(f"Of pairs that people told apart, the scores order {tuned.agreement[1]:.1%} alike; {tuned.agreement[0]:.1%} before.")
    lines += ["What changed:", *(f"  {line}" for line in changes(before, tuned.strategy))]
    comments = "".join(f"# {flat(line)}\n" for line in lines)
    return comments + tuned.strategy.to_toml()


def changes(before: Strategy, after: Strategy) -> list[str]:
    """Every setting that differs, with both values."""
    lines = _criteria_changes("", before.criteria, after.criteria)
    for name in sorted({*before.types, *after.types}):
        lines += _criteria_changes(f"{name}: ", before.criteria_for(name), after.criteria_for(name))
    for key, old in vars(before.bandit).items():
        new = getattr(after.bandit, key)
        if new != old:
            lines.append(f"bandit {key}: {'default' if old is None else f'{old:g}'} → {'default' if new is None else f'{new:g}'}")
    return lines


def _criteria_changes(where: str, before: SelectionCriteria, after: SelectionCriteria) -> list[str]:
    old, new = (
        {**{LABELS.get(k, k): v for k, v in vars(c).items() if k != "measure_weights"}, **dict(c.measure_weights)} for c in (before, after)
    )
    return [f"{where}{key}: {_word(old.get(key))} → {_word(new.get(key))}" for key in {**old, **new} if old.get(key) != new.get(key)]


def _word(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def write(tuned: Tuned, before: Strategy, path: Path, history_url: str | None = None) -> Path:
    """Write the proposal to a file that says which history it learned from; returns the path.

    Raises:
        StrategyError: the file cannot be written, or is one of those that come with banditgen.
        UsageError: nothing is proposed.
    """
    text = to_toml(tuned, before, history_url)
    assert tuned.strategy is not None
    if is_shipped(path):
        raise StrategyError(f"{path}: comes with banditgen and is not written over: give another --output")
    if Strategy.loads(text, name=tuned.strategy.name).hash != tuned.strategy.hash:
        raise AssertionError(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        draft.write_bytes(text.encode())
        draft.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        raise StrategyError(f"{path}: can't be written: {getattr(error, 'strerror', None) or error}") from None
    return path
