"""Outcome matrices: recorded ones from a data folder, constructed ones from a seed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banditgen.arm import GeneratorConfig

Matrix = tuple[NDArray[np.float64], list[GeneratorConfig]]
UP_TO_16B: tuple[str, ...] = (
    "codellama-7b",
    "codellama-13b",
    "codellama-python-7b",
    "codellama-python-13b",
    "deepseek-base-6.7b",
    "deepseek-instruct-6.7b",
)
UP_TO_16B += ("magicoder", "mistral-7b", "starcoder", "wizard-13b")
UP_TO_7B: tuple[str, ...] = (
    "codellama-7b",
    "codellama-python-7b",
    "deepseek-base-1.3b",
    "deepseek-base-6.7b",
    "deepseek-instruct-6.7b",
    "mistral-7b",
)
UP_TO_7B += ("phi-2", "starcoderbase-7b")
LARGE = ("34b", "33b", "mixtral", "phind")
TINY = ("1.3b", "phi-", "mixtral", "phind")
API = ("gpt", "claude")
OLLAMA = "HyunjoonCho/mvce"  # who recorded the Ollama arms


def recorded(data: Path) -> dict[str, Matrix]:
    """The matrices that policies are judged on."""
    crux, ollama = _cruxeval(data), _ollama(data)
    return {
        "cruxeval_o 24 arms": _models(crux, UP_TO_16B),
        "cruxeval_o small": _models(crux, UP_TO_7B),
        "ollama 12 arms": ollama,
        "ollama without qwen": _rows(ollama, [i for i, arm in enumerate(ollama[1]) if "qwen" not in arm.model]),
    }


def tuning(data: Path) -> dict[str, Matrix]:
    """The matrices that policies and peers are tuned on: no model of theirs that is judged on, but for mixtures with other models."""
    crux = _cruxeval(data)
    return {
        "cruxeval_o large": _models(crux, LARGE),
        "cruxeval_o tiny": _models(crux, TINY),
        "cruxeval_o api": _models(crux, API),
        "constructed": constructed(1),
    }


def constructed_worlds() -> dict[str, Matrix]:
    """Stationary worlds in which arms are independent given nothing: coverage pays nothing here."""
    return {
        "independent": constructed(11),
        "independent, fractions": constructed(12, fractions=True),
        "independent, wide": constructed(13, wide=True),
    }


def constructed(seed: int, *, fractions: bool = False, wide: bool = False, models: int = 5, tasks: int = 300) -> Matrix:
    """Three temperatures of each model; every outcome independent of every other."""
    rng = np.random.default_rng(seed)
    between, within = (0.2, 0.1) if wide else (0.1, 0.05)
    arms = 3 * models
    rate = np.clip(0.45 + between * np.repeat(rng.standard_normal(models), 3) + within * rng.standard_normal(arms), 0.02, 0.95)
    outcomes = (rng.random((arms, tasks, 10)) < rate[:, None, None]).astype(float)
    if fractions:
        centre = np.repeat(rng.uniform(0.5, 0.9, models), 3)[:, None, None]
        outcomes *= np.clip(rng.normal(centre, 0.1, outcomes.shape), 0.05, 1.0)
    return outcomes, [GeneratorConfig(f"arm{i}", f"model{i // 3}", (0.2, 0.5, 0.8)[i % 3]) for i in range(arms)]


def _rows(matrix: Matrix, rows: list[int]) -> Matrix:
    return matrix[0][rows], [matrix[1][i] for i in rows]


def _models(matrix: Matrix, names: tuple[str, ...]) -> Matrix:
    return _rows(matrix, [i for i, arm in enumerate(matrix[1]) if any(name in arm.model for name in names)])


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _cruxeval(data: Path) -> Matrix:
    rows = _lines(data / "cruxeval_o.jsonl.gz")
    keys = sorted({(row["model"], row["temperature"]) for row in rows})
    tasks = sorted({row["task_id"] for row in rows})
    outcomes = np.full((len(keys), len(tasks), max(len(row["passed"]) for row in rows)), np.nan)
    arm_of, task_of = {key: i for i, key in enumerate(keys)}, {task: i for i, task in enumerate(tasks)}
    for row in rows:
        outcomes[arm_of[row["model"], row["temperature"]], task_of[row["task_id"]], : len(row["passed"])] = row["passed"]
    return outcomes, [GeneratorConfig(f"{model}@{temperature}", model, temperature) for model, temperature in keys]


def _ollama(data: Path) -> Matrix:
    rows = [row for row in _lines(data / "generations.jsonl.gz") if row["source"] == OLLAMA]
    keys = sorted({(row["model"], row["prompt_style"]) for row in rows})
    tasks = sorted({row["task_id"] for row in rows})
    outcomes = np.full((len(keys), len(tasks), 1 + max(row["sample"] for row in rows)), np.nan)
    for row in rows:
        if "passed_rerun" in row:
            outcomes[keys.index((row["model"], row["prompt_style"])), tasks.index(row["task_id"]), row["sample"]] = row["passed_rerun"]
    return outcomes, [GeneratorConfig(f"{model} {style}", model, 0.8, system_prompt=style) for model, style in keys]
