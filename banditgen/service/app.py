"""The ASGI application: a router for each dialect, behind who may ask."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Collection
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from banditgen import __version__
from banditgen._text import shown
from banditgen.service import looks, native, ollama, openai, refusals
from banditgen.service.access import BODY_SECONDS, LOOPBACK, MAX_BODY_BYTES, Access
from banditgen.service.desk import Desk
from banditgen.service.page import routes as page
from banditgen.session import BanditGenerator

GRACE_SECONDS = 10.0


def create_app(
    bandit: BanditGenerator,
    *,
    token: str | None,
    hosts: Collection[str] = LOOPBACK,
    max_body_bytes: int = MAX_BODY_BYTES,
    body_seconds: float = BODY_SECONDS,
    grace: float = GRACE_SECONDS,
    **parts: Any,
) -> FastAPI:
    """An application that races with a bandit; `app.state.desk` is its `Desk`, whose `feed` tells of all races.

    Args:
        bandit: of the default strategy; its owner closes it, after the application.
        token: what every request has to bring; None is nothing, which is for loopback alone.
        hosts: names in Host headers that mean this service; "*" is any IP address.
        max_body_bytes: of a request.
        body_seconds: within which a request's body has to be there.
        grace: seconds that races may take to end by themselves when the application does.
        parts: what the bandits of other strategies are opened with, as `BanditGenerator.open` takes it.
    """
    desk = Desk(bandit, parts)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await desk.close(grace)

    checks = [Depends(_known_query)]
    if token is not None:
        checks.append(Depends(HTTPBearer(auto_error=False)))  # says so in the OpenAPI; `Access` checks
    app = FastAPI(title="banditgen", version=__version__, lifespan=lifespan, dependencies=checks, docs_url=None, redoc_url=None)
    app.state.desk = desk
    refusals.install(app)
    for dialect in (openai, ollama, native, looks, page):
        app.include_router(dialect.router(desk))
    app.add_middleware(Access, metrics=desk.metrics, token=token, hosts=hosts, max_body_bytes=max_body_bytes, body_seconds=body_seconds)
    return app


async def _known_query(request: Request) -> None:
    """Refuse what a route does not know in its address, as bodies do, and what stands in it twice."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in known:
            raise HTTPException(400, f"unknown parameter {shown(name)}: take it out")
        if times > 1:
            raise HTTPException(400, f"the parameter {shown(name)} is given {times} times: give it once")
