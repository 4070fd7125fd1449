"""`banditgen serve`: an endpoint for other processes and languages."""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Sequence
from typing import Any

import click

from banditgen.cli.histories import history_to_write
from banditgen.cli.output import shared
from banditgen.errors import UsageError, install
from banditgen.racing import defaults
from banditgen.session import BanditGenerator

TOKEN = "BANDITGEN_TOKEN"  # noqa: S105 - where the token stands


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8077, show_default=True, help="The port; 0 is any that is free.")
@click.option("--no-token", is_flag=True, help="Let in whoever can connect; on loopback alone.")
@click.option("--allowed-host", "allowed", multiple=True, metavar="NAME", help="A name that this service is asked by; repeatable.")
@click.option("--max-body", type=click.IntRange(min=1), default=4096, show_default=True, metavar="KIB", help="The largest request.")
@click.option(
    "--grace", type=click.FloatRange(min=0), default=10.0, show_default=True, metavar="SECONDS", help="How long races may go on at the end."
)
@click.option("--allow-unsafe", is_flag=True, help="Where no sandbox works, run candidates with resource limits alone.")
@shared("strategy", "backend", "history", "seed")
def command(
    host: str,
    port: int,
    no_token: bool,
    allowed: Sequence[str],
    max_body: int,
    grace: float,
    allow_unsafe: bool,
    strategy: str | None,
    backend: str | None,
    history: str | None,
    seed: int | None,
) -> None:
    """Serve races over HTTP, in OpenAI's dialect, Ollama's and banditgen's own, until Ctrl-C or SIGTERM.

    Requests bring a token as `Authorization: Bearer TOKEN`: the one in BANDITGEN_TOKEN, else a random one that is printed with the URL.
    The first signal lets races go on for --grace seconds, cancels the rest and records them; a second one ends all at once.
    """
    try:
        from banditgen.service.app import create_app  # noqa: PLC0415 - an extra
        from banditgen.service.server import listening, run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(f"serve needs {error.name}, which is not installed: {install('serve')}") from None
    token, random = (None, False) if no_token else _token()
    hosts = _hosts(host, allowed)
    if no_token and "*" in hosts:
        raise UsageError("--no-token is for loopback alone: who can reach this address could run code here")
    parts: dict[str, Any] = {"allow_unsafe": allow_unsafe, "seed": seed}
    with (
        listening(host, port) as at,
        history_to_write(history) as store,
        BanditGenerator.open(defaults.default_strategy(strategy, store), backend=backend, history=store, **parts) as bandit,
    ):
        app = create_app(bandit, token=token, hosts=hosts, max_body_bytes=max_body << 10, grace=grace, **parts)
        place, number = at.getsockname()[:2]
        url = f"http://{f'[{place}]' if ':' in place else place}:{number}"

        def ready() -> None:
            click.echo(f"{bandit.strategy.name} races on {bandit.backend.name}: {url}/v1" + (f"\ntoken: {token}" if random else ""))
            click.echo(f"live page: {url}/" + (f"?token={token}" if random else ""))

        run(app, at, grace, ready)


def _token() -> tuple[str, bool]:
    """The token that is set, or else a random one, and whether it is that."""
    given = os.environ.get(TOKEN)
    if not given:
        return secrets.token_urlsafe(24), True
    if not given.isascii() or not given.isprintable() or " " in given:
        raise UsageError(f"{TOKEN} must be printable ASCII without spaces")
    return given, False


def _hosts(host: str, allowed: Sequence[str]) -> list[str]:
    """The names that mean this service: loopback's where it listens there, any address where it listens elsewhere."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return ["localhost", "127.0.0.1", "::1", host, *([] if loopback else ["*"]), *allowed]
