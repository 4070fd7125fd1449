"""What a race under way has brought already: a race goes into the history at its end, and may be killed before."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from pathlib import Path

import platformdirs

from banditgen.history.fields import checked, result_from_json
from banditgen.result import GenerationResult


class Journal:
    """Finished candidates of a bench's races in a file, each written at once; gone when the bench is done.

    Args:
        bench: its id.
        history: where its races go, a URL.
    """

    def __init__(self, bench: str, history: str) -> None:
        folder = Path(platformdirs.user_state_dir("banditgen", appauthor=False)) / "bench"
        self.path = folder / f"{bench}-{hashlib.sha256(history.encode()).hexdigest()[:8]}.jsonl"
        self._known: dict[str, dict[str, GenerationResult]] = defaultdict(dict)
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):  # the last line may have been cut off
            entry = json.loads(line)
            result = result_from_json(checked(GenerationResult, entry["result"]))
            self._known[str(entry["race"])][result.arm_id] = result

    def done(self, race: str) -> dict[str, GenerationResult]:
        """By arm id, the candidates that a race has brought."""
        return dict(self._known.get(race, {}))

    def add(self, race: str, result: GenerationResult) -> None:
        """Keep a candidate that has a verdict; where nothing can be written a killed race begins anew."""
        if result.moves_posterior:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"race": race, "result": result.to_dict()}) + "\n")

    def forget(self) -> None:
        """All of it is in the history."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
