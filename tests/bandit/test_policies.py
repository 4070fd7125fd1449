"""Policies by name: ours keep the contract, and so may a package's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from banditgen import Strategy
from banditgen._packages import POLICIES as GROUP
from banditgen.bandit import POLICIES, Policy, make_policy
from banditgen.errors import UsageError
from banditgen.testing.policies import PolicyContract
from tests.installed import leave_package


def contract(policy: str) -> type[PolicyContract]:
    class OfThatName(PolicyContract):
        learns = policy != "uniform"

        def make(self) -> Policy:
            return make_policy(policy)

    return OfThatName


for _name in POLICIES:
    globals()[f"Test{_name.title().replace('_', '')}"] = contract(_name)

_MODULE = """
from banditgen.bandit.thompson import Thompson
def mine(sharpness=2.0):
    return Thompson(name="mine", sharpness=sharpness)
def half():
    return object()
def explodes():
    raise RuntimeError("no\\n\\x1b[31mlicence")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_policies.py").write_text(_MODULE)
    entries = {name: f"own_policies:{name}" for name in ("mine", "half", "explodes", "gone")} | {"thompson": "own_policies:mine"}
    leave_package(tmp_path, "own-policies", "1.0", GROUP, entries | {"twice": "own_policies:mine"})
    leave_package(tmp_path, "again", "1.0", GROUP, {"twice": "own_policies:mine"})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_policies", raising=False)


def test_a_packages_policy_is_found_by_its_name_in_a_strategy_too(install: None) -> None:
    assert make_policy("mine").name == "mine"
    assert make_policy("mine", sharpness=3.0).version != make_policy("mine").version
    assert make_policy("thompson").name == "thompson"
    assert Strategy.loads('models = "available"\npolicy = "mine"\n', name="s").policy == "mine"


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("half", {}, "'half' of the package own-policies cannot be used: it makes a object, which lacks name, version"),
        ("explodes", {}, r"'explodes' of the package own-policies cannot be used \(RuntimeError: no"),
        ("gone", {}, "'gone' of the package own-policies cannot be used"),
        ("twice", {}, r"several packages register a policy 'twice' \(again, own-policies\)"),
        ("nobody", {}, "unknown policy 'nobody': use one of best_fixed.*, mine"),
        ("best_set", {"nonsense": 1}, "policy 'best_set' does not take these settings"),
    ],
)
def test_what_cannot_be_used_is_one_line(install: None, name: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        make_policy(name, **settings)
    assert "\n" not in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_a_policy_that_nobody_has_is_refused_in_a_strategy(install: None) -> None:
    with pytest.raises(UsageError, match=r"policy must be one of thompson, .*mine.*, not 'nobody'"):
        Strategy.loads('models = "available"\npolicy = "nobody"\n', name="s")
