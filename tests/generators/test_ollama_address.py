"""Whatever the environment says of hosts, proxies and certificates: loopback is asked directly, all else is one line with a name."""

import asyncio
import base64
import http.server
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import ollama
import pytest

from banditgen.errors import BackendError, BanditgenError
from banditgen.generators._ollama_address import ollama_address
from banditgen.generators.default import resolve_backend
from banditgen.generators.ollama import OllamaGenerator
from banditgen.testing.ollama_server import OllamaServer

_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "OLLAMA_HOST", "OLLAMA_API_KEY")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.mark.parametrize(
    ("host", "url"),
    {
        "": "http://127.0.0.1:11434",
        " ": "http://127.0.0.1:11434",
        "gpu": "http://gpu:11434",
        "gpu:80": "http://gpu:80",
        "http://gpu": "http://gpu:80",
        "https://gpu/": "https://gpu:443",
        "HTTPS://gpu:1/ollama/": "https://gpu:1/ollama",
        "::1": "http://[::1]:11434",
        "[::1]": "http://[::1]:11434",
        "[::1]:80": "http://[::1]:80",
        "http://[2001:db8::7]:80": "http://[2001:db8::7]:80",
        "127.0.0.1:1 ": "http://127.0.0.1:1",
        '"127.0.0.1:1"': "http://127.0.0.1:1",
        "0.0.0.0": "http://127.0.0.1:11434",
        "0.0.0.0:1": "http://127.0.0.1:1",
        "[::]:1": "http://[::1]:1",
        ":1": "http://127.0.0.1:1",
        "gpu:": "http://gpu:11434",
        "http://me:secret@gpu:1": "http://gpu:1",
        "http://me:s?e#c r\0et@gpu:1": "http://gpu:1",
    }.items(),
)
def test_a_host_is_read_as_ollama_reads_it(host: str, url: str) -> None:
    """What is shown has no password."""
    assert ollama_address(host).shown == url


BAD = [
    "http://localhost:port",
    "gpu:0",
    "gpu:70000",
    "gpu:-1",
    "C:\\Users\\me\\ollama.exe",
    "/usr/bin/ollama",
    "ftp://gpu",
    "a b",
    "gpu:1:2",
]


@pytest.mark.parametrize(
    "host", [*BAD, "http://", "gpu\x1b[31m", "unix:///run/ollama.sock", "http://me:secret@gpu:port", "me:secret@http://gpu"]
)
def test_what_is_no_address_is_one_line_with_the_variables_name(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(BackendError, match=r"^OLLAMA_HOST says .* is no address") as caught:
        OllamaGenerator()
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)


LOOPBACK = ["127.0.0.1:1", "127.8.9.1:1", "localhost:1", "LOCALHOST.", "api.localhost", "::1", "[::ffff:127.0.0.1]:1", "0.0.0.0", ""]
PROXIES = ["http://127.0.0.1:9", "127.0.0.1:9", "socks5h://127.0.0.1:9", "socks4://x", "nonsense://x", "http://[", "http://a:b@c:port"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_asked_directly(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a file of certificates is not there and NO_PROXY cannot be read."""
    monkeypatch.setenv("NO_PROXY", "::1/128,%")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    for proxy in PROXIES:
        for variable in ("HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy)
        assert "proxy" not in ollama_address(host).shown
    client = ollama_address(host).client()
    assert client._mounts == {}
    asyncio.run(client.aclose())


def test_a_loopback_server_answers_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer() as server:
        for variable, value in {"OLLAMA_HOST": server.url, "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9"}.items():
            monkeypatch.setenv(variable, value)
        assert resolve_backend("ollama").name == "ollama"


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers everything with an empty list of models, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"models": []}')

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_another_host_is_asked_through_the_proxy_unless_no_proxy_names_it(
    proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, by suffix, by network, or all."""
    where, asked = proxy
    monkeypatch.setenv("http_proxy", where)

    async def models(host: str) -> None:
        generator = OllamaGenerator(host)
        await generator.models()
        await generator.aclose()

    asyncio.run(models("gpu.invalid:1"))
    assert asked == ["http://gpu.invalid:1/api/tags"]
    for host, excepted in {"gpu.invalid": "gpu.invalid", "a.gpu.invalid": ".gpu.invalid", "192.0.2.7": "10.0.0.0/8, 192.0.2.0/24"}.items():
        monkeypatch.setenv("NO_PROXY", excepted)
        client = ollama_address(host).client()
        assert client._mounts == {}
        asyncio.run(client.aclose())


@pytest.mark.parametrize(
    ("host", "settings", "said"),
    [
        ("http://gpu", {"ALL_PROXY": "socks5h://127.0.0.1:9"}, "ALL_PROXY names a SOCKS proxy"),
        ("http://gpu", {"HTTP_PROXY": "http://me:secret@c:port"}, "HTTP_PROXY is no URL of a proxy"),
        ("http://gpu", {"http_proxy": "socks4://c"}, "http_proxy is no URL of a proxy"),
        ("https://gpu", {"HTTPS_PROXY": "http://["}, "HTTPS_PROXY is no URL of a proxy"),
        ("https://gpu", {"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE names no certificates"),
        ("https://gpu", {"SSL_CERT_FILE": __file__}, "SSL_CERT_FILE names no certificates"),
        ("https://gpu", {"SSL_CERT_DIR": "/nowhere"}, "SSL_CERT_DIR names no certificates"),
        ("https://gpu", {"OLLAMA_API_KEY": "a\nb"}, "OLLAMA_API_KEY has characters"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_the_variables_name(
    host: str, settings: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks: a backend that is made, one that is named, or one that is looked for (the embedded models generate then)."""
    for variable, value in {"OLLAMA_HOST": host, **settings}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("banditgen.generators.embedded.is_installed", lambda: True)
    makers: list[Callable[[], object]] = [OllamaGenerator, lambda: resolve_backend("ollama")]
    for make in makers:
        with pytest.raises(BanditgenError, match=said) as caught:
            make()
        assert str(caught.value).isprintable()
        assert "secret" not in str(caught.value)
    assert resolve_backend().name == "embedded"


def test_a_host_that_does_not_answer_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://me:secret@127.0.0.1:9")
    with pytest.raises(BackendError, match=r"http://127.0.0.1:9 \(OLLAMA_HOST\)") as caught:
        resolve_backend("ollama")
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_no_environment_keeps_the_package_from_being_used() -> None:
    """In a process of its own: nothing is imported that reads the environment at import."""
    code = (
        "from banditgen.generators.default import resolve_backend\n"
        "from banditgen.generators.ollama import OllamaGenerator\n"
        "import sys\n"
        "assert 'ollama' not in sys.modules\n"
        "OllamaGenerator('127.0.0.1')\n"
    )
    environment = {"OLLAMA_HOST": "::1:port", "ALL_PROXY": "socks5h://x", "NO_PROXY": "::1/128", "SSL_CERT_FILE": "/nowhere.pem"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:9")
    with pytest.raises(BackendError, match="http://gpu:11434, through the proxy of HTTP_PROXY") as caught:
        asyncio.run(OllamaGenerator("gpu").models())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("client", "sent"), [(False, "Basic " + base64.b64encode(b"me:planted word").decode()), (True, "Bearer planted-key")]
)
def test_passwords_and_keys_are_sent_and_never_logged(
    client: bool, sent: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By nobody: httpx logs the URLs that it asks."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OLLAMA_API_KEY", "planted-key")

    async def models(where: str) -> None:
        generator = OllamaGenerator(client=ollama.AsyncClient(where)) if client else OllamaGenerator(where)
        await generator.models()
        await generator.aclose()

    with OllamaServer() as server:
        asyncio.run(models(server.url.replace("://", "://me:planted%20word@")))
        assert server.received[0].headers["authorization"] == sent
    assert "HTTP Request: GET" in caplog.text
    assert "planted" not in caplog.text
