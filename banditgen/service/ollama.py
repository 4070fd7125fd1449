"""Ollama's dialect: `/api/generate` and `/api/chat`, whose answer is the winner's code, and what its clients ask about models."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from banditgen import __version__
from banditgen.racing.decision import Race
from banditgen.service import names
from banditgen.service.desk import Desk, RunningRace
from banditgen.service.openai import NoTools, Raced, prompt_of, raced, tokens
from banditgen.service.orders import Asked, Strict, unless_empty
from banditgen.service.refusals import Json, answers, encoded, what_failed
from banditgen.service.streams import Pieces, unless_gone

NANO = 1_000_000_000
DETAILS = {"format": "banditgen", "family": "banditgen", "families": ["banditgen"], "parameter_size": "", "quantization_level": ""}


NoImages = Annotated[list[Any] | None, unless_empty("no image is looked at: take it out")]
NoText = Annotated[str | None, unless_empty("answers have one form: take it out")]
Say = Callable[[str], dict[str, Any]]


class OllamaRequest(Strict):
    """What requests have in common. Settings of sampling and of keeping models are taken and not used: arms have their own."""

    model: str
    banditgen: Asked | None = None
    stream: bool | None = True
    options: dict[str, int | float | str | bool | list[str]] | None = Field(default=None, description="Taken and not used.")
    keep_alive: int | float | str | None = None
    think: bool | str | None = None
    format: NoText = None


class GenerateRequest(OllamaRequest):
    """A prompt; without one nothing is raced, as there is nothing to load."""

    prompt: str = ""
    system: str | None = None
    template: NoText = None
    suffix: NoText = None
    raw: Annotated[bool | None, unless_empty("models are told what their backend tells them: take it out")] = None
    context: Annotated[list[int] | None, unless_empty("no conversation is kept: send what was said")] = None
    images: NoImages = None


class OllamaMessage(Strict):
    """What was said in a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str = ""
    thinking: str | None = None
    images: NoImages = None
    tool_calls: NoTools = None


class OllamaChat(OllamaRequest):
    """A conversation; without messages nothing is raced."""

    messages: list[OllamaMessage] = Field(default_factory=list)
    tools: NoTools = None


class ModelName(Strict):
    """Which model is meant."""

    model: str | None = None
    name: Annotated[str | None, Field(description="What older clients call it.")] = None
    verbose: bool | None = None


class Done(BaseModel):
    """The end of an answer: the counts are of all arms, the times nanoseconds; left out where nothing was raced."""

    model: str
    created_at: str
    done: Literal[True]
    done_reason: Annotated[str, Field(description='"stop"; "none" where no candidate won; "load" where nothing was asked for.')]
    total_duration: int | None = None
    eval_duration: int | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    banditgen: Raced | None = None


class GenerateResponse(Done):
    """An answer at once, or the last piece of one."""

    response: str


class OllamaAnswer(BaseModel):
    """The winner's code."""

    role: Literal["assistant"]
    content: str


class ChatDone(Done):
    """The same of a conversation."""

    message: OllamaAnswer


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


class Version(BaseModel):
    """banditgen's."""

    version: str


class OllamaShown(BaseModel):
    """What there is to say of a name."""

    details: dict[str, str | list[str]]
    capabilities: list[str]
    model_info: dict[str, str]


def router(desk: Desk) -> APIRouter:
    """The dialect's routes."""
    routes = APIRouter(prefix="/api", tags=["Ollama"], default_response_class=Json)

    @routes.head("/version", include_in_schema=False)
    @routes.get("/version", response_model=Version, responses=answers())
    async def version() -> Response:
        """What serves here."""
        return Json({"version": __version__})

    @routes.get("/ps", response_model=Tags, responses=answers())
    async def ps() -> Response:
        """No name is in memory: arms' models are their backend's."""
        return Json({"models": []})

    @routes.post("/show", response_model=OllamaShown, responses=answers())
    async def show(body: ModelName) -> Response:
        """What there is to say of a name."""
        names.meant(desk, body.model or body.name or "", None)
        return Json({"details": DETAILS, "capabilities": ["completion"], "model_info": {"general.architecture": "banditgen"}})

    @routes.head("/tags", include_in_schema=False)
    @routes.get("/tags", response_model=Tags, responses=answers())
    async def tags() -> Response:
        """Every name that may be asked for."""
        return Json({"models": [_listed(name) for name in await asyncio.to_thread(names.models, desk)]})

    @routes.post("/generate", response_model=GenerateResponse, responses=answers("application/x-ndjson"))
    async def generate(body: GenerateRequest, request: Request) -> Response:
        """Race on the prompt; the answer is the winner's code."""
        prompt = body.prompt if not body.system or not body.prompt else f"{body.system}\n\n{body.prompt}"
        return await raced_on(prompt, body, request, lambda text: {"response": text})

    @routes.post("/chat", response_model=ChatDone, responses=answers("application/x-ndjson"))
    async def chat(body: OllamaChat, request: Request) -> Response:
        """Race on what the messages ask for; the answer is the winner's code."""
        prompt = prompt_of([(message.role, message.content) for message in body.messages])
        return await raced_on(prompt, body, request, lambda text: {"message": {"role": "assistant", "content": text}})

    async def raced_on(prompt: str, body: OllamaRequest, request: Request, say: Say) -> Response:
        asked = names.meant(desk, body.model, body.banditgen)
        if not prompt:
            return Json({"model": body.model, "created_at": _now(), **say(""), "done": True, "done_reason": "load"})
        running = await desk.start(asked.order(prompt, "ollama"))
        try:
            if body.stream is False:
                return Json(_last(await unless_gone(request, running.over()), body.model, say, whole=True))
            await unless_gone(request, running.begun())
        except BaseException:
            await running.cancel()
            raise
        return Pieces(_lines(running, body.model, say), "application/x-ndjson", running.cancel)

    return routes


async def _lines(running: RunningRace, model: str, say: Say) -> AsyncIterator[bytes]:
    try:
        race = await running.over()
    except Exception as error:  # noqa: BLE001 - whatever ended it is said in the stream, which has begun
        yield encoded({"error": what_failed(error)[1]}) + b"\n"
        return
    if race.best is not None:
        yield encoded({"model": model, "created_at": _now(), **say(race.best.code), "done": False}) + b"\n"
    yield encoded(_last(race, model, say, whole=False)) + b"\n"


def _last(race: Race, model: str, say: Say, *, whole: bool) -> dict[str, Any]:
    read, written = tokens(race)
    return {
        "model": model,
        "created_at": _now(),
        **say(race.best.code if whole and race.best is not None else ""),
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
    return {"name": name, "model": name, "modified_at": _now(), "size": 0, "digest": digest, "details": DETAILS}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
