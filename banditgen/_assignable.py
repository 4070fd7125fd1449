"""A selector's criteria, whose fields may be assigned."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from banditgen.scoring import SelectionCriteria


class Owner(Protocol):
    """Whose criteria they are."""

    criteria: Any


class AssignableCriteria(SelectionCriteria):
    """Criteria of a selector: who assigns a field assigns it to the selector."""

    __slots__ = ("_owner",)
    __qualname__ = "SelectionCriteria"  # what it is shown as
    _owner: Owner

    @classmethod
    def of(cls, owner: Owner, criteria: SelectionCriteria) -> AssignableCriteria:
        """These criteria as the owner's."""
        made = cls(**vars(plain(criteria)))
        object.__setattr__(made, "_owner", owner)
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        changed = dataclasses.replace(plain(self), **{name: value})
        self._owner.criteria = changed
        vars(self).update(vars(changed))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SelectionCriteria) and vars(self) == vars(other)

    __hash__ = SelectionCriteria.__hash__


def plain(criteria: SelectionCriteria) -> SelectionCriteria:
    """The same criteria, nobody's."""
    return SelectionCriteria(**{field.name: getattr(criteria, field.name) for field in dataclasses.fields(SelectionCriteria)})
