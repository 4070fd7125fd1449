"""Pulling a model in front of a person: says what is fetched, on stderr, with a bar where stderr is a terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from banditgen.generators import models


def shown_pull(name: str) -> Path:
    """`models.pull`, but a download is announced on stderr before it starts; nothing is said when the model is there.

    Raises:
        ModelNotFoundError, DownloadError: as `models.pull`.
    """
    if (there := models.local_path(name)) is not None:
        return there
    model = models.find(name)
    what = f"fetching model {name} ({model.download_bytes / 1e6:.0f} MB; {model.note}) into {models.models_folder()}"
    if not sys.stderr.isatty():
        print(f"banditgen: {what}", file=sys.stderr, flush=True)
        return models.pull(name)
    from rich.console import Console  # noqa: PLC0415  # only who downloads in a terminal needs it
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    console.print(what, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        job = bar.add_task(name, total=model.download_bytes)
        return models.pull(name, lambda done, total: bar.update(job, completed=done, total=total))
