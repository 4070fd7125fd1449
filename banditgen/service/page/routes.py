"""The pages' addresses. All but a rating only read."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

import jinja2
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from banditgen._text import one_line
from banditgen.errors import BanditgenError, UsageError
from banditgen.report.table import share
from banditgen.result import verdict
from banditgen.service.access import PAGE, may_write
from banditgen.service.desk import Desk
from banditgen.service.page import live, views
from banditgen.service.streams import Pieces

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with none at all a form would not say where it is from
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC = {"htmx.min.js": "text/javascript", "sse.min.js": "text/javascript", "page.css": "text/css"}
MOST_WHY = 2000  # characters of a rating's reason
Type = Annotated[str | None, Query(max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=200)]


def router(desk: Desk) -> APIRouter:
    """The pages' routes."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    files = resources.files("banditgen.service.page")
    static = {name: (files / "static" / name).read_bytes() for name in STATIC}
    templates = _templates()

    def fragment(name: str, **given: Any) -> str:
        return templates.get_template(name).render(**given)

    def show(name: str, request: Request | None = None, status: int = 200, **given: Any) -> HTMLResponse:
        writes = request is not None and may_write(request.scope)
        return HTMLResponse(fragment(name, writes=writes, **given).encode("utf-8", "replace"), status, HEADERS)

    @routes.head("/", include_in_schema=False)
    @routes.get("/")
    async def races(request: Request, type: Type = None) -> Response:  # noqa: A002 - as everywhere in the service
        found = await asyncio.to_thread(views.newest, desk.bandit.history, type or None)
        types = await asyncio.to_thread(desk.bandit.task_types)
        return show("races.html", request, races=found, types=types, chosen=type or "", running=desk.feed.under_way())

    @routes.get(f"{PAGE}/newest")
    async def newest(type: Type = None) -> Response:  # noqa: A002
        found = await asyncio.to_thread(views.newest, desk.bandit.history, type or None)
        return show("_newest.html", races=found, chosen=type or "")

    @routes.get(f"{PAGE}/arms")
    async def arms(request: Request, type: Type = None) -> Response:  # noqa: A002
        return show("arms.html", request, **await asyncio.to_thread(views.arms, desk.bandit, type or None))

    @routes.get(f"{PAGE}/races/{{id}}")
    async def race(request: Request, id: Id, said: Annotated[str, Query(max_length=500)] = "") -> Response:  # noqa: A002
        running = next((one for one in desk.feed.under_way() if one["race_id"] == id), None)
        if running is not None:
            return show("running.html", request, race=running)
        found = await asyncio.to_thread(views.race, desk.bandit.history, id)
        if found is None:
            return show("refused.html", request, 404, what="There is no such race", why="It may have been raced in another history.")
        return show("race.html", request, said=one_line(said, 300), **found)

    @routes.get(f"{PAGE}/live")
    async def live_races() -> Response:
        return Pieces(
            live.all_races(desk.feed, lambda races: fragment("_running.html", running=races)), "text/event-stream", None, b":\n\n"
        )

    @routes.get(f"{PAGE}/races/{{id}}/live")
    async def live_race(id: Id) -> Response:  # noqa: A002
        told = live.one_race(desk.feed, id, lambda race: fragment("_standing.html", race=race))
        return Pieces(told, "text/event-stream", None, b":\n\n")

    @routes.post(f"{PAGE}/races/{{id}}/rate")
    async def rate(request: Request, id: Id) -> Response:  # noqa: A002
        fields = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        try:
            said = await _rated(desk, id, fields)
        except BanditgenError as error:
            return show("refused.html", request, 400, what="That could not be kept", why=str(error))
        return RedirectResponse(f"{PAGE}/races/{quote(id, safe='')}?said={quote(said)}", 303)

    @routes.get(f"{PAGE}/static/{{name}}")
    async def static_file(name: str) -> Response:
        if name not in static:
            return show("refused.html", None, 404, what="There is no such file", why="")
        return Response(static[name], media_type=STATIC[name], headers=HEADERS | {"Cache-Control": "max-age=3600"})

    return routes


async def _rated(desk: Desk, race_id: str, fields: dict[str, str]) -> str:
    """Keep what a click said, and say so.

    Raises:
        UsageError: fields that say nothing, or no number.
    """
    if "over" in fields and "better" in fields:
        await desk.bandit.aprefer(fields["better"], fields["over"], who="the page", why=fields.get("why", "")[:MOST_WHY] or None)
        return "kept: which of two you would rather have"
    try:
        satisfaction = float(fields.get("satisfaction", ""))
    except ValueError:
        raise UsageError("a rating needs satisfaction, a number from 0 to 1") from None
    about = fields.get("result") or race_id
    await desk.bandit.afeedback(about, satisfaction, who="the page", why=fields.get("why", "")[:MOST_WHY] or None)
    return f"kept: rated {satisfaction:.2f}"


def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("banditgen.service.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"line": one_line, "verdict": verdict, "share": share, "url": lambda text: quote(str(text), safe="")}
    made.globals |= {"page": PAGE}
    return made
