"""banditgen's own dialect, what there is to look at: arms, races, what is believed and why, events, health, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.exceptions import HTTPException

from banditgen import __version__
from banditgen.arm import arm_settings
from banditgen.learning.learner import Recommendation
from banditgen.learning.ledger import UNITS
from banditgen.service.desk import Desk
from banditgen.service.native import PREFIX, Id
from banditgen.service.orders import Name
from banditgen.service.refusals import Json, answers
from banditgen.service.streams import Pieces, event

LOOK_SECONDS = 5  # within which a healthy backend says which models it has


def router(desk: Desk) -> APIRouter:
    """The dialect's routes that change nothing."""
    routes = APIRouter(prefix=PREFIX, tags=["banditgen"], default_response_class=Json)
    store = desk.bandit.history

    @routes.get("/recommend", responses=answers(a_list=True))
    async def recommend(
        type: Name | None = None,  # noqa: A002 - as everywhere in the service
        top_k: Annotated[int, Query(ge=1, le=1000)] = 3,
        strategy: Name | None = None,
    ) -> Response:
        """The best arms for a task type, by expected reward, with 95 % credible intervals."""
        return Json([_recommended(one) for one in await (await desk.of(strategy)).arecommend(type, top_k)])

    @routes.get("/arms", responses=answers(a_list=True))
    async def arms(strategy: Name | None = None) -> Response:
        """The arms that may race now."""
        bandit = await desk.of(strategy)
        return Json([{"name": arm.name, "arm_id": arm.arm_id, **arm_settings(arm)} for arm in await asyncio.to_thread(lambda: bandit.arms)])

    @routes.get("/explain/{id}", responses=answers())
    async def explain(id: Id) -> Response:  # noqa: A002 - as everywhere in the service
        """Why a race's, or a decision's, arms were chosen: in words, and as data."""
        if await asyncio.to_thread(store.decision, id) is None:
            raise HTTPException(404, f"there is no race and no decision {id!r}")
        return Json((await desk.bandit.aexplain(id)).to_dict())

    @routes.get("/races", responses=answers(a_list=True))
    async def races(limit: Annotated[int, Query(ge=1, le=1000)] = 20, type: Name | None = None) -> Response:  # noqa: A002
        """The newest races, newest first."""
        found = await asyncio.to_thread(store.races, limit, type)
        return Json([one.to_dict() for one in found])

    @routes.get("/races/{id}", responses=answers())
    async def race_by_id(id: Id) -> Response:  # noqa: A002 - as everywhere in the service
        """One race with all its candidates, by its id or one of its results'."""
        found = await asyncio.to_thread(lambda: store.race(store.race_of(id) or id))
        if found is None:
            raise HTTPException(404, f"there is no race {id!r}")
        return Json(found.to_dict())

    @routes.get("/events", responses=answers("text/event-stream"))
    async def all_events() -> Response:
        """What happens in all races, from now on: first `now`, the races under way, then each event as it comes."""
        return Pieces(_all(desk), "text/event-stream", None, b": listening\n\n")

    @routes.get("/health", responses=answers())
    async def health() -> Response:
        """Whether races can be run."""
        reached = await _reaches(desk)
        status: Literal["ok", "closing", "no backend"] = "closing" if desk.closing else "ok" if reached else "no backend"
        said = {"version": __version__, "backend": desk.bandit.backend.name, "strategy": desk.bandit.strategy.name}
        return Json({"status": status, **said, "races_running": len(desk.feed.under_way())}, 200 if status == "ok" else 503)

    @routes.get("/metrics", responses=answers("text/plain"), response_class=Response)
    async def metrics() -> Response:
        """How many races and candidates, how they ended and what they cost, for Prometheus."""
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4")

    return routes


async def _reaches(desk: Desk) -> bool:
    """Whether the backend says which models it has."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await desk.models()
    except Exception:  # noqa: BLE001 - a backend may raise anything
        return False
    return True


async def _all(desk: Desk) -> AsyncIterator[bytes]:
    with desk.feed.listen() as heard:
        yield event(desk.feed.under_way(), "now")
        async for happening in heard:
            yield event({"race_id": happening.race_id, **happening.data}, happening.kind)


def _recommended(one: Recommendation) -> dict[str, Any]:
    said = {"name": one.name, "arm_id": one.arm.arm_id, **arm_settings(one.arm)}
    said |= {"expected_reward": one.expected_reward, "low": one.low, "high": one.high, "chance_best": one.chance_best}
    return {**said, "passes": one.passes, "fails": one.fails, "soft": one.soft, "spent": {unit: getattr(one.spent, unit) for unit in UNITS}}
