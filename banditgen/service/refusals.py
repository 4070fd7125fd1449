"""How a refusal reads: one clear line in the shape of the dialect that was spoken, whatever went wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from banditgen._text import one_line
from banditgen.errors import BanditgenError, ModelNotFoundError, PackageError, UsageError
from banditgen.service.desk import ClosingError

LONGEST = 500  # characters of a line
GONE = 499  # nobody is there to read an answer

logger = logging.getLogger("banditgen.service")

_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "model_not_found"}


class ClientGoneError(Exception):
    """Whoever asked has left."""


class Refused(BaseModel):
    """A refusal in Ollama's dialect and in banditgen's own."""

    error: str


class OpenAIFault(BaseModel):
    """What a refusal in OpenAI's dialect says."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIRefused(BaseModel):
    """A refusal in OpenAI's dialect."""

    error: OpenAIFault


def answers(*kinds: str, a_list: bool = False, refused: type[BaseModel] | None = None) -> dict[int | str, Any]:
    """What a route's OpenAPI says of its answers: refusals, and media types where no model says what they hold."""
    shapes: dict[str, Any] = {"application/json": {"type": "array", "items": {"type": "object"}} if a_list else {"type": "object"}}
    shapes["text/event-stream"] = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}}
    content = {kind: {"schema": shapes.get(kind, {})} for kind in kinds or ("application/json",)}
    model = {"model": refused or Refused}
    return {200: {"content": content}, "4XX": model, "5XX": model}


class Json(JSONResponse):
    """JSON in ASCII: whatever stands in a text, no byte of the answer is anything but JSON's own."""

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return encoded(content)


def encoded(content: Any) -> bytes:
    """Data as JSON in one line of ASCII; a number that is none is null."""
    try:
        text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(content), separators=(",", ":"))
    return text.encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def refusal(path: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that is refused."""
    return Json(said(path, status, message), status, dict(headers or {}))


def said(path: str, status: int, message: str) -> dict[str, Any]:
    """What is said of a refusal, in the shape of the dialect that the path belongs to."""
    line = one_line(message, LONGEST)
    if not path.startswith("/v1/"):
        return {"error": line}
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": line, "type": kind, "param": None, "code": _CODES.get(status)}}


def what_failed(error: BaseException) -> tuple[int, str]:
    """The status and the line for an exception."""
    if isinstance(error, BanditgenError):
        ours = not isinstance(error, UsageError | PackageError) or isinstance(error, ModelNotFoundError)
        return 503 if ours else 400, str(error)
    if isinstance(error, ClosingError):
        return 503, str(error)
    logger.error("a request failed: %s", type(error).__name__, exc_info=error)
    return 500, "an error of the service's own; its log says more"


def install(app: FastAPI) -> None:
    """Have an application refuse in these shapes."""

    async def known(request: Request, error: Exception) -> Response:
        status, line = what_failed(error)
        return refusal(request.url.path, status, line, {"Retry-After": "5"} if isinstance(error, ClosingError) else None)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        line = "the body is no JSON that can be read" if "parsing the body" in str(error.detail) else str(error.detail)
        if error.status_code == 404 and line == "Not Found":
            line = "there is no such path: /openapi.json lists those that there are"
        return refusal(request.url.path, error.status_code, line, error.headers)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refusal(request.url.path, 400, invalid_line(error.errors()))

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=GONE)

    for kind in (BanditgenError, ClosingError, Exception):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ClientGoneError, gone)


def invalid_line(faults: Sequence[Any]) -> str:
    """What is wrong with a body or query, of all faults the first; values are not repeated, they may be secret or long."""
    fault = max(faults, key=lambda one: len(one["loc"]))  # of several forms that a value may have, the one that it came nearest to
    where = ".".join(str(part) for part in fault["loc"][1:] if not _a_branch(str(part)))
    if fault["type"] == "extra_forbidden":
        return f"unknown field {where!r}: take it out"
    if fault["type"] == "json_invalid":
        return "the body is no JSON that can be read"
    message = fault["msg"]
    return f"{where}: {message[:1].lower()}{message[1:]}" if where else f"the body: {message[:1].lower()}{message[1:]}"


def _a_branch(part: str) -> bool:
    """Whether a part of a place names one of several forms and no field."""
    return "[" in part or part in ("ExamplePair", "str")
