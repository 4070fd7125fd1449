"""What a stand-in host writes: HTTP heads, whole answers, and streams of records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any


async def reply(writer: asyncio.StreamWriter, data: Mapping[str, Any], status: int = 200, more: Mapping[str, str] | None = None) -> None:
    """A whole answer of JSON, with more headers."""
    payload = json.dumps(data).encode()
    await headers(writer, status, "application/json; charset=utf-8", length=len(payload), more=more)
    writer.write(payload)
    await writer.drain()


async def headers(
    writer: asyncio.StreamWriter, status: int, kind: str, *, chunked: bool = False, length: int = 0, more: Mapping[str, str] | None = None
) -> None:
    """An answer's head."""
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    own = "".join(f"{name}: {value}\r\n" for name, value in (more or {}).items())
    writer.write(f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\n{size}\r\n{own}Connection: close\r\n\r\n".encode())
    await writer.drain()


async def record(writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
    """One line of JSON, as Ollama streams."""
    await chunk(writer, json.dumps(data).encode() + b"\n")


async def event(writer: asyncio.StreamWriter, data: Any) -> None:
    """One server-sent event of JSON, or of a text as it is."""
    await chunk(writer, f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode())


async def chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    """A chunk of a body; an empty one ends it."""
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()
