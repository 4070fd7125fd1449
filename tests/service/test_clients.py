"""People's own clients, as they come: what they send along is taken where it means nothing, and refused in a clear line elsewhere."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import ollama
import openai
import pytest

from tests.service.asked import TOKEN
from tests.service.served import served

CODE = "def double(x):\n    return 2 * x\n"
ASKED = {"tests": "assert double(2) == 4", "type": "demo"}
SAID = [{"role": "user", "content": "Write double(x)."}]


@pytest.mark.slow
def test_openais_client_with_all_that_others_send_along() -> None:
    harmless: dict[str, Any] = {
        "stop": ["```"],
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "logprobs": False,
        "logit_bias": {},
        "metadata": {"editor": "yes"},
        "reasoning_effort": "low",
        "store": False,
        "service_tier": "auto",
        "max_completion_tokens": 300,
        "seed": 1,
    }
    refused: dict[str, tuple[Any, str]] = {
        "tools": ([{"type": "function", "function": {"name": "f", "parameters": {}}}], "tools: no tool is called here"),
        "response_format": ({"type": "json_object"}, "response_format.type: input should be 'text'"),
        "logprobs": (True, "logprobs: there are none"),
        "n": (2, "n: input should be 1"),
        "prediction": ({}, "unknown field 'prediction'"),
    }
    with served() as at, openai.OpenAI(base_url=f"{at.url}/v1", api_key=TOKEN, max_retries=0) as client:
        create = client.chat.completions.create
        raw = client.chat.completions.with_raw_response.create(
            model="banditgen", messages=SAID, extra_body={"banditgen": ASKED} | harmless | {"stream_options": None, "top_p": None}
        )
        assert raw.headers["content-type"] == "application/json"
        answer = raw.parse().choices[0].message
        assert answer.content == CODE
        for name, (value, said) in refused.items():
            with pytest.raises(openai.BadRequestError) as error:
                create(model="banditgen", messages=SAID, extra_body={name: value})
            assert said in error.value.message
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
        for message, said in (
            ({"role": "user", "content": [{"type": "text", "text": "Draw"}, image]}, "messages.0.content.1.type: input should be 'text'"),
            ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "messages.0.tool_calls: no tool is called here"),
        ):
            with pytest.raises(openai.BadRequestError) as error:
                create(model="banditgen", messages=[message])
            assert said in error.value.message
        # an answer goes back as the client dumps it, with all that is nothing in it
        talk = [
            {"role": "system", "content": "Be brief."},
            *SAID,
            answer.model_dump(),
            {"role": "user", "content": [{"type": "text", "text": "é🙂"}]},
        ]
        assert create(model="banditgen", messages=talk, extra_body={"banditgen": ASKED}).choices[0].message.content == CODE
        assert at.host.generated()[-1]["prompt"].startswith("system: Be brief.\n\nuser: Write double(x).\n\nassistant: def double")
        assert asyncio.run(_streamed(f"{at.url}/v1/")) == CODE


async def _streamed(url: str) -> str:
    async with openai.AsyncOpenAI(base_url=url, api_key=TOKEN, max_retries=0) as client:
        stream = await client.chat.completions.create(model="banditgen/demo", messages=SAID, stream=True, extra_body={"banditgen": ASKED})
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@pytest.mark.slow
def test_ollamas_client_finds_what_it_asks_for() -> None:
    with served() as at, ollama.Client(at.url, headers=at.headers) as client:
        assert "banditgen" in [model.model for model in client.list().models]
        assert client.show("banditgen").capabilities == ["completion"]
        assert client.ps().models == []
        assert (
            client.generate("banditgen", "Write double(x).", images=[], think=False, keep_alive="5m", options={"stop": ["x"]}).response
            == CODE
        )
        assert client.chat("banditgen", SAID).message.content == CODE
        told = list(client.chat("banditgen", SAID, stream=True))
        assert "".join(part.message.content or "" for part in told) == CODE
        assert [part.done for part in told] == [False, True]
        raced = at.bandit.history.count()["races"]
        assert client.generate("banditgen").done_reason == "load"
        assert client.chat("banditgen").done_reason == "load"
        for refused in ({"images": [b"\x89PNG"]}, {"format": "json"}, {"context": [1]}, {"raw": True}):
            with pytest.raises(ollama.ResponseError, match=next(iter(refused))):
                client.generate("banditgen", "Write double(x).", **refused)
        for name in ("llama3", "banditgen/"):
            with pytest.raises(ollama.ResponseError, match="there is no model"):
                client.show(name)
        assert at.bandit.history.count()["races"] == raced


def test_whether_it_is_there_may_be_asked_without_a_body() -> None:
    """As editors, health checks and Ollama's own command do; a proxy on this machine is not somebody on it."""
    with served() as at, httpx.Client(base_url=at.url, headers=at.headers) as client:
        for path in ("/", "/api/tags", "/api/version", "/v1/models"):
            answer = client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")
        assert list(client.get("/api/version").json()) == ["version"]
        del client.headers["Authorization"]
        assert client.head("/v1/models").status_code == 401
        assert client.get("/").status_code == 200
        for name in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert client.get("/", headers={name: "10.0.0.7"}).status_code == 401


def test_old_and_cautious_clients_are_answered() -> None:
    """HTTP/1.0; a client that asks whether it may send its body; chunks."""
    body = json.dumps({"model": "banditgen", "messages": SAID, "banditgen": ASKED, "stream": True}).encode()
    head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    with served() as at:
        old = at.raw(b"POST /v1/chat/completions HTTP/1.0\r\n" + head + length + body)
        assert old.endswith(b"data: [DONE]\n\n")
        assert b"chunked" not in old
        close, asks = b"Connection: close\r\n", b"Expect: 100-continue\r\n"
        careful = at.raw(b"POST /v1/chat/completions HTTP/1.1\r\n" + head + asks + length, then=body, after=0.2)
        assert careful.startswith(b"HTTP/1.1 100 ")
        chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        assert b"data: [DONE]" in at.raw(b"POST /v1/chat/completions HTTP/1.1\r\n" + head + close + chunks)
        assert at.raw(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n" + asks + length).startswith(b"HTTP/1.1 401")
