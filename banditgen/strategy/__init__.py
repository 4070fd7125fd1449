"""What an experiment is set to: a strategy, its TOML file, and where such files are found."""

from banditgen.strategy.arms import arms_on, expand, with_models
from banditgen.strategy.file import POLICIES, BanditSettings
from banditgen.strategy.folders import TUNED_ON, is_shipped, known_strategies, strategy_in_use, tuned_path, user_folder
from banditgen.strategy.learning import Learning
from banditgen.strategy.spending import Spending
from banditgen.strategy.strategy import Strategy

__all__ = [
    "POLICIES",
    "TUNED_ON",
    "BanditSettings",
    "Learning",
    "Spending",
    "Strategy",
    "arms_on",
    "expand",
    "is_shipped",
    "known_strategies",
    "strategy_in_use",
    "tuned_path",
    "user_folder",
    "with_models",
]
