"""The faults of the stand-in Ollama host."""

from __future__ import annotations

import asyncio
import enum

from banditgen.testing._replies import chunk, headers, record, reply


class Fault(enum.Enum):
    """What goes wrong with one request to /api/generate."""

    ERROR_IN_STREAM = "an error record after two pieces, under status 200"
    LOAD_ABORTED = "500 to a request without a prompt, as when the runner dies while it loads"
    BUSY = "503, as when too many requests are pending"
    TOO_MANY = "429, to be tried again after 0.4 s"
    SERVER_ERROR = "500"
    HANG_BEFORE_HEADERS = "the request is read and never answered"
    HANG_AFTER_HEADERS = "headers, then nothing"
    HANG_IN_STREAM = "two pieces, then nothing"
    RESET = "the connection is reset before any answer"
    RESET_IN_STREAM = "two pieces, then the connection is reset"
    HALF_A_LINE = "the connection closes in the middle of a record"
    CUT = "two pieces, then a proper end without the last record"
    ONLY_LOADED = "no text, and a last record that says that the model was loaded"
    UNLOADED = "two pieces, then a last record that says that the model was unloaded"
    GARBAGE = "status 200 and bytes that are no JSON"
    NOT_AN_OBJECT = "a JSON record that is a list"


async def fail_early(fault: Fault, writer: asyncio.StreamWriter) -> bool:
    """Meet a fault that comes before the first piece; False where it comes later."""
    if fault is Fault.BUSY:
        await reply(writer, {"error": "server busy, please try again.  maximum pending requests exceeded"}, 503)
    elif fault is Fault.TOO_MANY:
        await reply(writer, {"error": "too many requests"}, 429, {"Retry-After": "0.4"})
    elif fault is Fault.LOAD_ABORTED:
        await reply(writer, {"error": "model failed to load, this may be due to resource limitations or an internal error"}, 500)
    elif fault is Fault.SERVER_ERROR:
        await reply(writer, {"error": "llama runner process has terminated: exit status 2"}, 500)
    elif fault is Fault.HANG_BEFORE_HEADERS:
        await asyncio.sleep(3600)
    elif fault is Fault.HANG_AFTER_HEADERS:
        await headers(writer, 200, "application/x-ndjson", chunked=True)
        await asyncio.sleep(3600)
    elif fault is Fault.RESET:
        writer.transport.abort()
    elif fault is Fault.GARBAGE:
        await headers(writer, 200, "application/x-ndjson", chunked=True)
        await chunk(writer, b"<html>\x1b[31m bad gateway</html>\n")
        await chunk(writer, b"")
    elif fault is Fault.ONLY_LOADED:
        await reply(writer, {"response": "", "done": True, "done_reason": "load"})
    elif fault is Fault.NOT_AN_OBJECT:
        await headers(writer, 200, "application/x-ndjson", chunked=True)
        await chunk(writer, b"[1, 2]\n")
        await chunk(writer, b"")
    else:
        return False
    return True


async def fail_late(fault: Fault, writer: asyncio.StreamWriter) -> None:
    """Meet a fault after two pieces."""
    if fault is Fault.ERROR_IN_STREAM:
        await record(writer, {"error": "an error was encountered while running the model: CUDA error"})
        await chunk(writer, b"")
    elif fault is Fault.HANG_IN_STREAM:
        await asyncio.sleep(3600)
    elif fault is Fault.RESET_IN_STREAM:
        writer.transport.abort()
    elif fault is Fault.HALF_A_LINE:
        await chunk(writer, b'{"model":"tiny","response":"ret')
        await chunk(writer, b"")
    elif fault is Fault.UNLOADED:
        await record(writer, {"response": "", "done": True, "done_reason": "unload"})
        await chunk(writer, b"")
    elif fault is Fault.CUT:
        await chunk(writer, b"")
