"""Ollama's dialect: `/api/generate`, whose answer is the winner's code, and the list of models."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from banditgen.racing.decision import Race
from banditgen.service import names
from banditgen.service.desk import Desk, RunningRace
from banditgen.service.openai import Raced, raced, tokens
from banditgen.service.orders import Asked, Prompt, Strict
from banditgen.service.refusals import Json, answers, encoded, what_failed
from banditgen.service.streams import Pieces, unless_gone

NANO = 1_000_000_000


class GenerateRequest(Strict):
    """A request. Settings of sampling and of keeping models are taken and not used: arms have their own."""

    model: str
    prompt: Prompt
    system: str | None = None
    banditgen: Asked | None = None
    stream: bool | None = True
    options: dict[str, int | float | str | bool | list[str]] | None = Field(default=None, description="Taken and not used.")
    keep_alive: int | float | str | None = None


class GenerateResponse(BaseModel):
    """An answer at once, or the last piece of one: the counts are of all arms, the times nanoseconds."""

    model: str
    created_at: str
    response: str
    done: Literal[True]
    done_reason: Annotated[str, Field(description='"stop"; "none" where no candidate won.')]
    total_duration: int
    eval_duration: int
    prompt_eval_count: int
    eval_count: int
    banditgen: Raced


class Listed(BaseModel):
    """A name that may be asked for."""

    name: str
    model: str
    modified_at: str
    size: int
    digest: str
    details: dict[str, str | list[str]]


class Tags(BaseModel):
    """All of them."""

    models: list[Listed]


def router(desk: Desk) -> APIRouter:
    """The dialect's routes."""
    routes = APIRouter(prefix="/api", tags=["Ollama"], default_response_class=Json)

    @routes.get("/tags", response_model=Tags, responses=answers())
    async def tags() -> Response:
        """Every name that may be asked for."""
        return Json({"models": [_listed(name) for name in await asyncio.to_thread(names.models, desk)]})

    @routes.post("/generate", response_model=GenerateResponse, responses=answers("application/x-ndjson"))
    async def generate(body: GenerateRequest, request: Request) -> Response:
        """Race on the prompt; the answer is the winner's code."""
        prompt = body.prompt if not body.system else f"{body.system}\n\n{body.prompt}"
        running = await desk.start(names.meant(desk, body.model, body.banditgen).order(prompt, "ollama"))
        try:
            if body.stream is False:
                return Json(_last(await unless_gone(request, running.over()), body.model, whole=True))
            await unless_gone(request, running.begun())
        except BaseException:
            await running.cancel()
            raise
        return Pieces(_lines(running, body.model), "application/x-ndjson", running.cancel)

    return routes


async def _lines(running: RunningRace, model: str) -> AsyncIterator[bytes]:
    try:
        race = await running.over()
    except Exception as error:  # noqa: BLE001 - whatever ended it is said in the stream, which has begun
        yield encoded({"error": what_failed(error)[1]}) + b"\n"
        return
    if race.best is not None:
        yield encoded({"model": model, "created_at": _now(), "response": race.best.code, "done": False}) + b"\n"
    yield encoded(_last(race, model, whole=False)) + b"\n"


def _last(race: Race, model: str, *, whole: bool) -> dict[str, Any]:
    read, written = tokens(race)
    return {
        "model": model,
        "created_at": _now(),
        "response": race.best.code if whole and race.best is not None else "",
        "done": True,
        "done_reason": "none" if race.best is None else "stop",
        "total_duration": int(race.wall_seconds * NANO),
        "eval_duration": int(race.model_seconds * NANO),
        "prompt_eval_count": read,
        "eval_count": written,
        "banditgen": raced(race),
    }


def _listed(name: str) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode()).hexdigest()
    details = {"format": "banditgen", "family": "banditgen", "families": ["banditgen"], "parameter_size": "", "quantization_level": ""}
    return {"name": name, "model": name, "modified_at": _now(), "size": 0, "digest": digest, "details": details}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
