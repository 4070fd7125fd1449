"""What the report costs, whether its sentences are right where the truth is planted, and what plotly's script does under a strict policy.

    python -m experiments.report.run cost [--results 1000 100000] [--arms 12]
    python -m experiments.report.run sentences [--runs 60]
    python -m experiments.report.run policy

From the repository's root. `cost` makes histories in a temporary folder (a minute for 100,000 results) and starts the command as people do.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from banditgen.report import calibration
from banditgen.report.learned import learned
from banditgen.report.source import Source
from tests.browser import Looking, chromium
from tests.report.world import World, fill, some_arms

COMMAND = (sys.executable, "-c", "from banditgen.cli import main; main()", "report")
PROMISES = ("is the best arm beyond doubt", "Choosing arms by what was learned has paid", "has cost more", "too narrow", "wider than")


def cost(options: argparse.Namespace) -> None:
    """Wall and processor seconds of the command, and the file's size."""
    for results in options.results:
        with tempfile.TemporaryDirectory() as folder:
            url, output = f"sqlite:///{folder}/h.db", Path(folder) / "report.html"
            rng = np.random.default_rng(0)
            fill(World.of(options.arms, rng), results // 3, path=url).close()
            rows = []
            for _ in range(3):
                before, began = os.times(), time.perf_counter()
                subprocess.run([*COMMAND, "--history", url, "-o", str(output)], check=True, capture_output=True)
                after = os.times()
                spent = after.children_user + after.children_system - before.children_user - before.children_system
                rows.append((time.perf_counter() - began, spent))
            wall, processor = min(rows)[0], min(row[1] for row in rows)
            size = output.stat().st_size / 1e6
            print(f"{results:>8,} results, {options.arms} arms: {wall:.2f} s, {processor:.2f} s of processor, {size:.2f} MB", flush=True)


def sentences(options: argparse.Namespace) -> None:
    """How often each sentence that claims something is said, in worlds where one knows what is so."""
    best, swapped = [0.9, 0.4, 0.4, 0.4, 0.4], [0.15, 0.15, 0.85, 0.85]
    worlds: dict[str, Callable[[int], list[str]]] = {
        "one best arm": lambda seed: _said(best, 250, seed),
        "all equal": lambda seed: _said([0.5] * 5, 250, seed),
        "arms change places": lambda seed: _said(swapped[::-1], 300, seed, swapped),
    }
    print("| world | " + " | ".join(PROMISES) + " | runs |\n|" + " --- |" * (len(PROMISES) + 2))
    for name, run in worlds.items():
        told = [run(seed) for seed in range(options.runs)]
        shares = [np.mean([any(promise in sentence for sentence in some) for some in told]) for promise in PROMISES]
        right = [sum("model0:2b_t0.1 is the best arm beyond" in sentence for sentence in some) for some in told]
        print(f"| {name} | " + " | ".join(f"{share:.0%}" for share in shares) + f" | {options.runs} |", flush=True)
        if name == "one best arm":
            print(f"  (the planted arm in {np.mean(right):.0%})", flush=True)


def _said(rates: Sequence[float], races: int, seed: int, later: Sequence[float] | None = None) -> list[str]:
    column = np.array(rates)[:, None]
    world = World(some_arms(len(rates)), column, ("text",), later=None if later is None else np.array(later)[:, None])
    store = fill(world, races, seed)
    source = Source(store)
    told = [finding.sentence for finding in learned(source, calibration.held(source))]
    store.close()
    return told


def policy(_options: argparse.Namespace) -> None:
    """What Chromium says of a page with plotly's script whose policy names script and style by their hashes."""
    script = resources.files("plotly").joinpath("package_data/plotly.min.js").read_text(encoding="utf-8")
    draw = "Plotly.newPlot('here', [{y: [1, 2, 3]}])"
    allowed = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in (script, draw))
    head = f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {allowed}; style-src 'self'\">"
    text = f"<!doctype html><meta charset=utf-8>{head}<div id=here></div><script>{script}</script><script>{draw}</script>"
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "plotly.html"
        path.write_text(text, encoding="utf-8")
        pages = Looking(browser)
        pages.open(path.as_uri()).wait_for_timeout(2000)
        print(f"{path.stat().st_size / 1e6:.1f} MB; {len(pages.faults)} complaints, the first: {(pages.faults or ['none'])[0][:200]}")
        pages.close()


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    costs = verbs.add_parser("cost")
    costs.add_argument("--results", type=int, nargs="+", default=[1000, 100_000])
    costs.add_argument("--arms", type=int, default=12)
    costs.set_defaults(run=cost)
    said = verbs.add_parser("sentences")
    said.add_argument("--runs", type=int, default=60)
    said.set_defaults(run=sentences)
    verbs.add_parser("policy").set_defaults(run=policy)
    options = parser.parse_args(given)
    options.run(options)


if __name__ == "__main__":
    main()
