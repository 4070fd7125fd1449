"""What the service calls its models: `banditgen`, `banditgen/<task type>` and `banditgen/<strategy>`."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException

from banditgen.service.desk import Desk
from banditgen.service.orders import Asked

OWN = "banditgen"
_TYPE = re.compile(r"\w[\w .:-]{0,199}")  # a task type that nobody raced yet


def models(desk: Desk) -> list[str]:
    """Every name that means something now: all strategies, and the task types that the history knows; blocks."""
    types = {tally.task_type for tally in desk.bandit.history.tallies()}
    return [OWN, *(f"{OWN}/{name}" for name in sorted({*desk.strategies(), *types}))]


def meant(desk: Desk, model: str, asked: Asked | None) -> Asked:
    """What is asked for, with what the model's name says of it; a name that is no strategy's is a task type.

    Raises:
        HTTPException: no such model, or one that says otherwise than what is asked for.
    """
    asked = asked or Asked()
    own, slash, name = model.removesuffix(":latest").partition("/")
    if own != OWN or (slash and name not in desk.strategies() and not _TYPE.fullmatch(name)):
        raise HTTPException(404, f"there is no model {model!r} here: use {OWN}, {OWN}/TASK_TYPE or {OWN}/STRATEGY")
    if not slash:
        return asked
    field = "strategy" if name in desk.strategies() else "type"
    if getattr(asked, field) not in (None, name):
        raise HTTPException(400, f"the model says {field} {name!r}, and banditgen.{field} says {getattr(asked, field)!r}")
    return asked.model_copy(update={field: name})
