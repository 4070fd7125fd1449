"""Between a `GenerationResult` and its row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from banditgen._checks import unit_interval
from banditgen.errors import UsageError
from banditgen.history import schema as t
from banditgen.history.base import SoftEvidence
from banditgen.history.fields import HIDDEN, result_from_json
from banditgen.history.ids import new_id
from banditgen.result import GenerationResult
from banditgen.scoring import paid

_code, _text = t.codes.alias("code"), t.codes.alias("text")
# what `read_result` reads; `results` stands for its WHERE and ORDER BY
RESULTS: sa.Select[Any] = sa.select(
    t.results.c.race_id,
    t.results.c.code_hash,
    t.results.c.text_hash,
    t.results.c.result,
    _code.c.content.label("code"),
    _text.c.content.label("text"),
).select_from(t.results.outerjoin(_code, _code.c.hash == t.results.c.code_hash).outerjoin(_text, _text.c.hash == t.results.c.text_hash))


def result_row(result: GenerationResult, race_id: str | None, task_type: str, created_at: float, position: int) -> dict[str, Any]:
    """The row of the results table that keeps this result, all but its code and text.

    Raises:
        UsageError: a score that is no number in [0, 1].
    """
    content = {**vars(result), "timings": vars(result.timings) if result.timings else None}  # as to_dict, without its copies
    for name in HIDDEN:
        del content[name]
    summed = summed_row(result, race_id, task_type, created_at)
    del summed["measures"]  # `result` has them
    return {
        **summed,
        "position": position,
        "arm_name": result.generator_name,
        "reward": unit_interval("reward", result.reward),
        "step": result.step,
        "code_hash": text_hash(content.pop("code")),
        "text_hash": text_hash(content.pop("text")),
        "result": content,
    }


def summed_row(result: GenerationResult, race_id: str | None, task_type: str, created_at: float) -> dict[str, Any]:
    """What the running sums are made of: columns of `result_row`, and the measures."""
    quality, speed = paid(result)
    return {
        "id": result.id,
        "created_at": created_at,
        "race_id": race_id,
        "task_type": task_type,
        "arm_id": result.arm_id,
        "model": result.model_used,
        "digest": result.digest,
        "prompt_version": result.prompt_version,
        "passed": result.test_passed,
        "informative": result.moves_posterior,
        "failure": result.failure.value if result.failure else None,
        "quality": unit_interval("quality_score", quality),
        "speed": unit_interval("speed_score", speed),
        "seconds": result.generation_time,
        "tokens": result.tokens,
        "price": result.price,
        "measures": result.measures,
    }


def soft_rows(
    soft: Iterable[SoftEvidence], results: Mapping[str, Mapping[str, Any]], created_at: float
) -> list[tuple[dict[str, Any], tuple[Mapping[str, Any], str, float]]]:
    """The rows of the soft evidence table that keep what is said of these results, and of each what the running sums are made of.

    Raises:
        UsageError: a result that is not among them, or a value that is no number in [0, 1].
    """
    rows = []
    for one in soft:
        if one.result_id not in results:
            raise UsageError(f"soft evidence of result {one.result_id!r}, which is not of this race")
        unit_interval("the value of soft evidence", one.value)
        row = {**vars(one), "id": one.id or new_id(), "created_at": one.created_at or created_at}
        rows.append((row, (results[one.result_id], one.kind, one.value)))
    return rows


def text_hash(text: str) -> str | None:
    """SHA-256 of a text's bytes, hexadecimal; None of an empty one, which needs no keeping."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else None


def code_rows(results: Iterable[GenerationResult]) -> list[dict[str, str]]:
    """The rows of the codes table that keep these results' codes and texts, in the order of their hashes."""
    texts = {text for result in results for text in (result.code, result.text) if text}
    return [{"hash": key, "content": text} for key, text in sorted((str(text_hash(text)), text) for text in texts)]


def read_result(row: Any) -> GenerationResult:
    """The result that a row of `RESULTS` keeps; `pruned` where its code or text is no longer kept."""
    pruned = any(row[f"{name}_hash"] is not None and row[name] is None for name in ("code", "text"))
    read = {"code": row["code"] or "", "text": row["text"] or "", "pruned": pruned, "race_id": row["race_id"] or ""}
    return result_from_json({**row["result"], **read})
