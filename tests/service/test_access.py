"""Who may ask, from where, and how much; every refusal is one clear line in the dialect's own shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients import BAD, Client
from tests.service.asked import DOUBLE, TESTS, TOKEN, events, service

PATHS = [
    "/v1/models",
    "/v1/chat/completions",
    "/api/tags",
    "/banditgen/races",
    "/banditgen/metrics",
    "/banditgen/health",
    "/openapi.json",
    "/",
    "/no",
]
NATIVE = {"prompt": "Write double(x).", "tests": TESTS}


def line(answer: Any) -> str:
    """What a refusal says, once it was seen to be one line in its dialect's shape."""
    said = answer.json()["error"]
    if answer.request.url.path.startswith("/v1/"):
        assert set(said) == {"message", "type", "param", "code"}
        said = said["message"]
    assert isinstance(said, str)
    assert "\n" not in said
    assert len(said) <= 500
    return str(said)


@pytest.mark.slow
def test_nothing_is_answered_without_the_token() -> None:
    wrong: list[dict[str, str]] = [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xfc"},
        {"Authorization": "", "Cookie": f"banditgen={TOKEN}"},
        {"Authorization": "", "Cookie": 'banditgen="; ;=\x07'},
        {"Authorization": "", "X-Api-Key": TOKEN},
    ]
    with service() as client:
        for path in PATHS:
            client.cookies.clear()
            for headers in wrong:
                answer = client.get(path, headers={name.encode(): value.encode("latin-1") for name, value in headers.items()})
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert TOKEN not in line(answer)
            assert client.get(f"{path}?token={TOKEN}", headers={"Authorization": ""}, follow_redirects=False).status_code == (
                303 if path == "/" else 401
            )
        client.cookies.clear()
        assert client.post("/v1/chat/completions", json=DOUBLE, headers={"Authorization": "Bearer no"}).status_code == 401
        assert client.app_state["bandit"].history.count()["decisions"] == 0


def test_a_page_gets_a_cookie_for_the_token_that_only_reads() -> None:
    with service() as client:
        client.headers.pop("Authorization")
        assert client.get("/?token=wrong", follow_redirects=False).status_code == 401
        login = client.get(f"/?token={TOKEN}", follow_redirects=False)
        assert login.headers["location"] == "/"
        cookie = login.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "httponly" in cookie.lower()
        assert "samesite=strict" in cookie.lower()
        assert client.get("/v1/models").status_code == 200
        assert client.post("/v1/chat/completions", json=DOUBLE).status_code == 401


@pytest.mark.parametrize("token", [TOKEN, None])
def test_only_this_host_is_answered_for_and_no_page_of_another_origin(token: str | None) -> None:
    with service(token=token) as client:
        for host in ("127.0.0.1", "127.0.0.1:9", "localhost:8077", "LOCALHOST", "[::1]:8077"):
            assert client.get("/v1/models", headers={"Host": host}).status_code == 200
        for host in (
            "evil.example",
            "evil.example:8077",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "127.0.0.2",
            "10.0.0.1",
            "",
            "[::1",
            "127.0.0.1:x",
            "127.0.0.1/../evil",
            "127.0.0.1@evil.example",
            "a@127.0.0.1",
            "127.0.0.1:80:80",
            "[]",
            "127.0.0.1 evil",
            "0x7f.1",
            "localhost#",
        ):
            answer = client.get("/v1/models", headers={"Host": host})
            assert answer.status_code == 403, host
            line(answer)
        for origin in ("http://127.0.0.1:8077", "HTTP://127.0.0.1:8077".lower(), "https://127.0.0.1:8077"):
            assert client.get("/v1/models", headers={"Origin": origin}).status_code == 200
        for origin in (
            "http://evil.example",
            "null",
            "http://127.0.0.1:8078",
            "http://localhost:8077",
            "file://",
            "",
            "chrome-extension://127.0.0.1:8077",
        ):
            answer = client.post("/v1/chat/completions", json=DOUBLE, headers={"Origin": origin})
            assert answer.status_code == 403, origin
            assert "access-control-allow-origin" not in answer.headers
        assert (
            client.options(
                "/v1/chat/completions", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
            ).status_code
            == 403
        )
        for name in ("Host", "Origin", "Authorization", "Content-Length", "Content-Type"):
            headers = [("Host", "127.0.0.1"), ("Authorization", f"Bearer {TOKEN}"), (name, "127.0.0.1"), (name, "127.0.0.1")]
            assert client.get("/v1/models", headers=headers).status_code == 400, name


def test_any_address_may_be_named_where_that_is_allowed_but_no_name() -> None:
    with service(hosts=["*", "race.example"]) as client:
        for host, status in {"10.0.0.7:8077": 200, "[fe80::1]": 200, "race.example": 200, "evil.example": 403, "localhost": 403}.items():
            assert client.get("/v1/models", headers={"Host": host}).status_code == status, host


def test_bodies_are_bounded() -> None:
    with service(max_body_bytes=2000) as client:
        long = {**DOUBLE, "user": "x" * 3000}
        for answer in (
            client.post("/v1/chat/completions", json=long),
            client.post("/v1/chat/completions", content=iter([b"[" * 1500, b"[" * 1500])),
        ):
            assert answer.status_code == 413
            assert "2000 bytes" in line(answer)
        assert client.post("/v1/chat/completions", content=iter([json.dumps(DOUBLE).encode()])).status_code == 200


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep inside": b'{"prompt": "x", "banditgen": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "NaN": b'{"prompt": "x", "model": "banditgen", "tolerance": NaN, "timeout": NaN, "banditgen": {"timeout": NaN}, "temperature": NaN}',
    "infinity": b'{"prompt": "x", "model": "banditgen", "timeout": 1e999, "banditgen": {"timeout": 1e999}, "temperature": Infinity}',
    "a long number": b'{"prompt": "x", "k": ' + b"9" * 5000 + b"}",
    "no UTF-8": b'{"prompt": "\xff\xfe"}',
    "half a character": b'{"prompt": "\\ud800", "model": "banditgen", "messages": [{"role": "user", "content": "\\ud800"}]}',
    "a null byte in tests": b'{"prompt": "x", "tests": "assert f()\\u0000", "model": "banditgen", "banditgen": {"tests": "assert\\u0000"}, '
    b'"messages": [{"role": "user", "content": "x"}]}',
    "deep tests": json.dumps(
        {
            "prompt": "x",
            "tests": "(" * 5000 + ")" * 5000,
            "model": "banditgen",
            "banditgen": {"tests": "-" * 90_000 + "1"},
            "messages": [{"role": "user", "content": "x"}],
        }
    ).encode(),
    "blank": b'{"prompt": " ", "model": "banditgen", "messages": [{"role": "user", "content": " "}]}',
}


def test_bodies_that_are_none_are_refused_in_a_line_each() -> None:
    with service() as client:
        for path in (
            "/v1/chat/completions",
            "/api/generate",
            "/banditgen/race",
            "/banditgen/ask",
            "/banditgen/tell",
            "/banditgen/feedback",
        ):
            for name, body in BODIES.items():
                answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code == 400, (path, name, answer.text)
                assert line(answer), (path, name)
        assert client.app_state["bandit"].history.count()["decisions"] == 0


UNKNOWN = {
    "history": "sqlite:////etc/x.db",
    "path": "/etc/passwd",
    "files": {"../x.py": "1"},
    "file": "x",
    "backend": "openai",
    "base_url": "http://x",
    "node_id": "../x",
    "payload": {},
    "incumbent": "x",
    "allow_unsafe": True,
    "seed": 1,
}


def test_no_field_is_unknown_and_none_is_a_path() -> None:
    with service() as client:
        for field, value in UNKNOWN.items():
            for path, body in {
                "/banditgen/race": {**NATIVE, field: value},
                "/api/generate": {"model": "banditgen", "prompt": "x", "banditgen": {field: value}},
                "/v1/chat/completions": {**DOUBLE, "banditgen": {field: value}},
                "/banditgen/ask": {field: value},
                "/banditgen/tell": {"decision_id": "x", "results": [{"generator_name": "x", "test_passed": True, field: value}]},
                "/banditgen/feedback": {"id": "x", "satisfaction": 1, field: value},
            }.items():
                answer = client.post(path, json=body)
                assert answer.status_code == 400
                assert field in line(answer)
        for strategy in (
            "../balanced",
            "/etc/passwd",
            "balanced.toml",
            "./balanced.toml",
            "strategies/balanced.toml",
            "..",
            "nobody",
            "balanced\u0000",
        ):
            for answer in (
                client.post("/banditgen/race", json={**NATIVE, "strategy": strategy}),
                client.get("/banditgen/arms", params={"strategy": strategy}),
            ):
                assert answer.status_code == 400, strategy
                assert "strategy" in line(answer)
        for query, words in (("top_k=1&top_k=2", "'top_k' is given 2 times"), ("no_such=1", "unknown parameter 'no_such'")):
            answer = client.get(f"/banditgen/recommend?{query}")
            assert answer.status_code == 400
            assert words in line(answer)
        assert client.post("/banditgen/race", json={**NATIVE, "k": True}).status_code == 400
        assert client.post("/banditgen/race", json={**NATIVE, "k": "3"}).status_code == 400
        assert client.post("/banditgen/race", json={**NATIVE, "examples": [["1"]]}).status_code == 400
        assert client.post("/banditgen/race", json={"prompt": "x", "packages": ["no_such_package"]}).status_code == 400
        assert client.app_state["bandit"].history.count()["races"] == 0


HOSTILE = "\n\ndata: [DONE]\n\nevent: x\r\ndata: {\u2028\u2029\x85\x00\x1b[31m</script><img src=x onerror=alert(1)>\u202e\ud83d\ude00"


def test_what_candidates_write_cannot_end_or_forge_an_event() -> None:
    source = HOSTILE.replace("\0", "").encode("utf-8", "ignore").decode()
    # halves of a character are no docstring from Python 3.13 on
    text = f"```python\ndef double(x):\n    no_docstring = {HOSTILE!r}\n    '''{source}'''\n    return 2 * x\n```"
    with service(Client({"good-model": text, "bad-model": HOSTILE + BAD})) as client:
        for path, body in (
            ("/v1/chat/completions", {**DOUBLE, "stream": True}),
            ("/banditgen/race", {**NATIVE, "stream": True}),
        ):
            answer = client.post(path, json=body)
            assert answer.text.isascii()
            assert "<img" in answer.text  # it is there, as data
            assert all(block.startswith(("data: {", "event: ", ":", "data: [DONE]")) for block in answer.text.split("\n\n") if block)
            assert sum(data == "[DONE]" for _, data in events(answer.text)) == (1 if path.startswith("/v1") else 0)
            assert {kind for kind, _ in events(answer.text)} <= {"", "started", "wave", "candidate", "done", "result"}
        pieces = client.post("/api/generate", json={"model": "banditgen", "prompt": "Write double(x).", "banditgen": {"tests": TESTS}}).text
        assert [json.loads(one)["done"] for one in pieces.splitlines()] == [False, True]
