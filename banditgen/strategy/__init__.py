"""What an experiment is set to: a strategy, its TOML file, and where such files are found."""

from banditgen.strategy.file import POLICIES, BanditSettings
from banditgen.strategy.spending import Spending
from banditgen.strategy.strategy import (
    TUNED_ON,
    Strategy,
    expand,
    is_shipped,
    known_strategies,
    strategy_in_use,
    tuned_path,
    user_folder,
    with_models,
)

__all__ = [
    "POLICIES",
    "TUNED_ON",
    "BanditSettings",
    "Spending",
    "Strategy",
    "expand",
    "is_shipped",
    "known_strategies",
    "strategy_in_use",
    "tuned_path",
    "user_folder",
    "with_models",
]
