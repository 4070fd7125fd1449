"""What an experiment is set to: a strategy, its TOML file, and where such files are found."""

from banditgen.strategy.file import POLICIES, BanditSettings
from banditgen.strategy.strategy import Strategy, expand, is_shipped, known_strategies, strategy_in_use, user_folder, with_models

__all__ = [
    "POLICIES",
    "BanditSettings",
    "Strategy",
    "expand",
    "is_shipped",
    "known_strategies",
    "strategy_in_use",
    "user_folder",
    "with_models",
]
