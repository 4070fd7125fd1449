"""OpenAI's dialect: chat completions, whose answer is the winner's code, and the list of models."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from banditgen.history.ids import new_id
from banditgen.racing.decision import Race
from banditgen.service import names
from banditgen.service.desk import Desk, RunningRace
from banditgen.service.orders import Asked, Strict, unless_empty
from banditgen.service.refusals import Json, OpenAIRefused, answers, said, what_failed
from banditgen.service.streams import Pieces, event, unless_gone

Temperature = Annotated[float, Field(ge=0, le=2)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1)]


NoTools = Annotated[list[Any] | dict[str, Any] | None, unless_empty("no tool is called here: take it out")]


class ChatPart(Strict):
    """A piece of a message."""

    type: Literal["text"]
    text: str


class ChatMessage(Strict):
    """What was said in a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[ChatPart] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: NoTools = None
    function_call: NoTools = None
    annotations: list[Any] | None = None
    audio: None = None
    reasoning_content: str | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content or ())


class StreamOptions(Strict):
    """What a stream tells beside the answer."""

    include_usage: bool = False


class TextFormat(Strict):
    """The one form that answers have."""

    type: Literal["text"]


class ChatRequest(Strict):
    """A request. Settings of sampling are taken and not used, as arms have their own; so is what says nothing of the answer."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    banditgen: Asked | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    temperature: Temperature | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logit_bias: dict[str, float] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    tools: NoTools = None
    functions: NoTools = None
    tool_choice: Literal["none", "auto"] | None = None
    parallel_tool_calls: bool | None = None
    response_format: TextFormat | None = None
    modalities: list[Literal["text"]] | None = None
    logprobs: Annotated[bool | None, unless_empty("there are none: take it out")] = None
    top_logprobs: Annotated[int | None, unless_empty("there are none: take it out")] = None


class ChatUsage(BaseModel):
    """Tokens of all arms together; those of which a backend tells nothing are left out."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Raced(BaseModel):
    """What an answer says of its race, in the field `banditgen`."""

    race_id: str
    task_type: str
    passed: bool
    verified: bool
    reason: str
    arm: str | None
    model: str | None
    generations: int
    model_seconds: float
    price: float | None
    wall_seconds: float


class ChatAnswer(BaseModel):
    """The winner's code; None and a refusal that says why where no candidate won."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None


class ChatChoice(BaseModel):
    """The one choice that there is."""

    index: int
    message: ChatAnswer
    finish_reason: Literal["stop"]
    logprobs: None


class ChatResponse(BaseModel):
    """An answer at once."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: ChatUsage
    banditgen: Raced


class ListedModel(BaseModel):
    """A name that may be asked for."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["banditgen"]


class ListedModels(BaseModel):
    """All of them."""

    object: Literal["list"]
    data: list[ListedModel]


def router(desk: Desk) -> APIRouter:
    """The dialect's routes."""
    routes = APIRouter(prefix="/v1", tags=["OpenAI"], default_response_class=Json)

    @routes.head("/models", include_in_schema=False)
    @routes.get("/models", response_model=ListedModels, responses=answers(refused=OpenAIRefused))
    async def models() -> Response:
        """Every name that may be asked for."""
        found = await asyncio.to_thread(names.models, desk)
        return Json({"object": "list", "data": [_model(name) for name in found]})

    @routes.get("/models/{name:path}", response_model=ListedModel, responses=answers(refused=OpenAIRefused))
    async def model(name: str) -> Response:
        """One of them."""
        names.meant(desk, name, None)
        return Json(_model(name))

    @routes.post("/chat/completions", response_model=ChatResponse, responses=answers("text/event-stream", refused=OpenAIRefused))
    async def complete(body: ChatRequest, request: Request) -> Response:
        """Race on what the messages ask for; the answer is the winner's code."""
        if body.stream_options is not None and not body.stream:
            raise HTTPException(400, "stream_options: only goes with stream")
        order = names.meant(desk, body.model, body.banditgen).order(
            prompt_of([(message.role, message.text) for message in body.messages]), "openai"
        )
        running = await desk.start(order)
        try:
            if not body.stream:
                return Json(_response(await unless_gone(request, running.over()), body.model))
            await unless_gone(request, running.begun())
        except BaseException:
            await running.cancel()
            raise
        usage = body.stream_options is not None and body.stream_options.include_usage
        return Pieces(_chunks(running, body.model, usage=usage), "text/event-stream", running.cancel, b": racing\n\n")

    return routes


def prompt_of(messages: Sequence[tuple[str, str]]) -> str:
    """What is asked for: what was said, by whom, one after another; with its speaker where models spoke, too."""
    spoken = any(role == "assistant" for role, _ in messages)
    return "\n\n".join(f"{role}: {text}" if spoken else text for role, text in messages)


def raced(race: Race) -> dict[str, Any]:
    """What an answer says of its race."""
    best = race.best
    return {
        "race_id": race.id,
        "task_type": race.task_type,
        "passed": best is not None,
        "verified": bool(best and best.verified),
        "reason": race.reason,
        "arm": best and best.generator_name,
        "model": best and best.model_used,
        "generations": len(race.results),
        "model_seconds": race.model_seconds,
        "price": race.price,
        "wall_seconds": race.wall_seconds,
    }


def tokens(race: Race) -> tuple[int, int]:
    """How many all arms read and wrote."""
    timings = [result.timings for result in race.results if result.timings is not None]
    return sum(one.prompt_tokens or 0 for one in timings), sum(one.completion_tokens or 0 for one in timings)


def _usage(race: Race) -> dict[str, int]:
    read, written = tokens(race)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _said(race: Race) -> dict[str, str | None]:
    return {"content": race.best.code, "refusal": None} if race.best is not None else {"content": None, "refusal": race.reason}


def _response(race: Race, model: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **_said(race)}, "finish_reason": "stop", "logprobs": None}
    base = {"id": f"chatcmpl-{race.id}", "object": "chat.completion", "created": int(time.time()), "model": model}
    return {**base, "choices": [choice], "usage": _usage(race), "banditgen": raced(race)}


async def _chunks(running: RunningRace, model: str, *, usage: bool) -> AsyncIterator[bytes]:
    """The role at once; the code, why the race ended, and what it cost when it is over."""
    base = {"id": f"chatcmpl-{new_id()}", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event({**base, "choices": [choice], **({"usage": None} if usage else {}), **more})

    yield chunk({"role": "assistant", "content": ""}, banditgen={"race_id": running.seen.id or None})
    try:
        race = await running.over()
    except Exception as error:  # noqa: BLE001 - whatever ended it is said in the stream, which has begun
        yield event(said("/v1/", *what_failed(error)))
        return
    yield chunk({name: value for name, value in _said(race).items() if value is not None})
    yield chunk({}, "stop", banditgen=raced(race))
    if usage:
        yield event({**base, "choices": [], "usage": _usage(race), "banditgen": raced(race)})
    yield b"data: [DONE]\n\n"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "banditgen"}
