"""banditgen's own dialect, what changes something: race, ask, tell, feedback. What there is to look at: `looks`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from banditgen.arm import arm_settings
from banditgen.result import FailureKind
from banditgen.service.desk import Desk, RunningRace
from banditgen.service.orders import Asked, Name, Prompt, Strict
from banditgen.service.refusals import Json, answers, what_failed
from banditgen.service.streams import Pieces, event, unless_gone

PREFIX = "/banditgen"
Id = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Took = Annotated[float, Field(ge=0, le=1e9)]


class RaceRequest(Asked):
    """A race: what to write, and what `Asked` says."""

    prompt: Prompt
    stream: bool = Field(default=False, description="Server-sent events, as `Accept: text/event-stream` has them, too.")


class AskRequest(Strict):
    """A choice of arms for who generates by himself."""

    type: Name | None = None
    k: Annotated[int, Field(ge=1, le=100)] | None = None
    exploit: bool = False
    strategy: Name | None = None


class Told(Strict):
    """What became of one arm's candidate; see `BanditGenerator.tell`."""

    generator_name: Name
    test_passed: bool
    id: Id | None = None
    code: str = ""
    generation_time: Took = 0.0
    test_time: Took = 0.0
    execution_time: Took = 0.0
    quality_score: Share = 0.0
    measures: dict[Name, Share] = Field(default_factory=dict)
    failure: FailureKind | None = Field(default=None, strict=False)
    error: str | None = None
    verified: bool | None = None


class TellRequest(Strict):
    """The answer to a decision."""

    decision_id: Id
    results: list[Told]


class FeedbackRequest(Strict):
    """A rating of a race's winner or of a result, by its id; or which of two results of a race is the better one."""

    id: Id | None = None
    satisfaction: Share | None = None
    better_id: Id | None = None
    worse_id: Id | None = None
    who: Name | None = None
    why: str | None = None


def router(desk: Desk) -> APIRouter:
    """The dialect's routes."""
    routes = APIRouter(prefix=PREFIX, tags=["banditgen"], default_response_class=Json)
    store = desk.bandit.history

    @routes.post("/race", responses=answers("application/json", "text/event-stream"))
    async def race(body: RaceRequest, request: Request) -> Response:
        """Race on a task; the race with all candidates, or events while it runs, the last of them `result` or `error`."""
        stream = body.stream or "text/event-stream" in request.headers.get("accept", "")
        running = await desk.start(body.order(body.prompt, "native"), heard=stream)
        try:
            if not stream:
                return Json((await unless_gone(request, running.over())).to_dict())
            await unless_gone(request, running.begun())
        except BaseException:
            await running.cancel()
            raise
        return Pieces(_events(running), "text/event-stream", running.cancel, b": racing\n\n")

    @routes.post("/ask", responses=answers())
    async def ask(body: AskRequest) -> Response:
        """Choose arms; generate with them elsewhere, and tell what became of it."""
        decision = await (await desk.of(body.strategy)).aask(body.type, body.k, exploit=body.exploit)
        arms = [{"name": arm.name, "arm_id": arm.arm_id, **arm_settings(arm)} for arm in decision.arms]
        said = {"task_type": decision.task_type, "arms": arms, "propensities": decision.propensities}
        return Json({"decision_id": decision.id, **said})

    @routes.post("/tell", responses=answers())
    async def tell(body: TellRequest) -> Response:
        """Answer a decision with results made elsewhere; a second, equal telling is harmless."""
        decision = await asyncio.to_thread(store.decision, body.decision_id)
        if decision is None:
            raise HTTPException(404, f"there is no decision {body.decision_id!r}: tell what ask returned")
        bandit = await desk.of(decision.strategy if decision.strategy in desk.strategies() else None)
        return Json((await bandit.atell(decision.id, [told.model_dump(exclude_unset=True) for told in body.results])).to_dict())

    @routes.post("/feedback", responses=answers())
    async def feedback(body: FeedbackRequest) -> Response:
        """Rate what was delivered, also days later; or prefer one candidate to another."""
        rated = body.id is not None and body.satisfaction is not None and body.better_id is None and body.worse_id is None
        preferred = body.better_id is not None and body.worse_id is not None and body.id is None and body.satisfaction is None
        if rated:
            await desk.bandit.afeedback(str(body.id), float(body.satisfaction or 0.0), who=body.who, why=body.why)
        elif preferred:
            await desk.bandit.aprefer(str(body.better_id), str(body.worse_id), who=body.who, why=body.why)
        else:
            raise HTTPException(400, "give either id and satisfaction, or better_id and worse_id")
        return Json({"kept": True})

    return routes


async def _events(running: RunningRace) -> AsyncIterator[bytes]:
    assert running.heard is not None
    async for happening in running.heard:
        yield event({"race_id": happening.race_id, **happening.data}, happening.kind)
    try:
        yield event((await running.over()).to_dict(), "result")
    except Exception as error:  # noqa: BLE001 - whatever ended it is said in the stream, which has begun
        yield event({"error": what_failed(error)[1]}, "error")
