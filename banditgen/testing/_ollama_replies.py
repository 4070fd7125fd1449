"""What the stand-in Ollama host writes: HTTP heads, whole answers, and streams of records."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any


async def reply(writer: asyncio.StreamWriter, data: Mapping[str, Any], status: int = 200) -> None:
    payload = json.dumps(data).encode()
    await headers(writer, status, "application/json; charset=utf-8", length=len(payload))
    writer.write(payload)
    await writer.drain()


async def headers(writer: asyncio.StreamWriter, status: int, kind: str, *, chunked: bool = False, length: int = 0) -> None:
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    writer.write(f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\n{size}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()


async def record(writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
    await chunk(writer, json.dumps(data).encode() + b"\n")


async def chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()
