"""What each dialect answers: the winner's code, what all arms cost, and the race's id."""

from __future__ import annotations

from banditgen import BanditGenerator
from tests.clients import BAD, Client
from tests.service.asked import DOUBLE, TESTS, events, service

CODE = "def double(x):\n    return 2 * x\n"


def test_a_chat_completion_is_the_winners_code() -> None:
    with service() as client:
        bandit: BanditGenerator = client.app_state["bandit"]
        answer = client.post("/v1/chat/completions", json=DOUBLE).json()
        assert answer["choices"][0]["message"] == {"role": "assistant", "content": CODE, "refusal": None}
        raced = answer["banditgen"]
        assert raced["passed"]
        assert raced["verified"]
        assert raced["arm"] == "good"
        assert raced["task_type"] == "demo"
        race = bandit.history.race(raced["race_id"])
        assert race is not None
        assert race.task_type == "demo"
        assert len(race.results) == raced["generations"] == 2
        streamed = events(
            client.post("/v1/chat/completions", json={**DOUBLE, "stream": True, "stream_options": {"include_usage": True}}).text
        )
        chunks = [data for _, data in streamed[:-1]]
        assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
        assert chunks[0]["banditgen"]["race_id"]
        assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"]) == CODE
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"]] == [None, None, "stop"]
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["total_tokens"] == 0
        assert streamed[-1][1] == "[DONE]"


def test_where_no_candidate_passes_there_is_no_code_and_a_reason() -> None:
    with service(Client({"good-model": BAD, "bad-model": BAD})) as client:
        answer = client.post("/v1/chat/completions", json=DOUBLE)
        assert answer.status_code == 200
        message = answer.json()["choices"][0]["message"]
        assert message["content"] is None
        assert message["refusal"] == answer.json()["banditgen"]["reason"]
        assert not answer.json()["banditgen"]["passed"]
        line = client.post(
            "/api/generate", json={"model": "banditgen", "prompt": "Write double(x).", "banditgen": {"tests": TESTS}, "stream": False}
        )
        assert (line.json()["response"], line.json()["done_reason"]) == ("", "none")


def test_models_are_task_types_and_strategies() -> None:
    with service() as client:
        client.post("/v1/chat/completions", json=DOUBLE)
        listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
        assert {"banditgen", "banditgen/balanced", "banditgen/speed_first", "banditgen/demo"} <= set(listed)
        assert [model["name"] for model in client.get("/api/tags").json()["models"]] == listed
        typed = client.post("/v1/chat/completions", json={**DOUBLE, "model": "banditgen/text", "banditgen": {"tests": TESTS}}).json()
        assert typed["banditgen"]["task_type"] == "text"
        planned = client.post("/v1/chat/completions", json={**DOUBLE, "model": "banditgen/speed_first"}).json()
        record = client.app_state["bandit"].history.decision(planned["banditgen"]["race_id"])
        assert record.strategy == "speed_first"
        for unknown in ("gpt-4", "banditgen/../x", "banditgen//etc/passwd", "banditgenx"):
            assert client.post("/v1/chat/completions", json={**DOUBLE, "model": unknown}).status_code == 404


def test_the_native_race_tells_of_itself() -> None:
    with service() as client:
        heard = events(client.post("/banditgen/race", json={"prompt": "Write double(x).", "tests": TESTS, "stream": True}).text)
        kinds = [kind for kind, _ in heard]
        assert kinds[:2] == ["started", "wave"]
        assert kinds[-2:] == ["done", "result"]
        stages = [data["stage"] for kind, data in heard if kind == "candidate" and data["arm"] == "good"]
        assert stages[0] == "waiting"
        assert stages[-1] == "done"
        assert "testing" in stages
        assert heard[-1][1]["best"]["code"] == CODE
        whole = client.post("/banditgen/race", json={"prompt": "Write double(x).", "tests": TESTS}).json()
        assert whole["best"]["code"] == CODE
        assert client.get(f"/banditgen/races/{whole['id']}").json()["best_id"] == whole["best"]["id"]
        assert client.get(f"/banditgen/races/{whole['best']['id']}").json()["id"] == whole["id"]
        assert "good" in client.get(f"/banditgen/explain/{whole['id']}").json()["words"]
        assert client.post("/banditgen/feedback", json={"id": whole["id"], "satisfaction": 0.4, "who": "me"}).json() == {"kept": True}
        assert client.get("/banditgen/recommend?type=general").json()[0]["name"] == "good"
        assert [arm["name"] for arm in client.get("/banditgen/arms").json()] == ["good", "bad"]
        assert client.get("/banditgen/races?limit=1").json()[0]["id"] == whole["id"]
        assert client.get("/banditgen/health").json()["status"] == "ok"
        assert 'banditgen_races_total{dialect="native",outcome="passed"} 2.0' in client.get("/banditgen/metrics").text


def test_ask_and_tell_over_http() -> None:
    with service() as client:
        decision = client.post("/banditgen/ask", json={"type": "demo", "k": 1}).json()
        told = {"decision_id": decision["decision_id"], "results": [{"generator_name": decision["arms"][0]["name"], "test_passed": True}]}
        race = client.post("/banditgen/tell", json=told).json()
        assert race["id"] == decision["decision_id"]
        assert race["best"]["generator_name"] == decision["arms"][0]["name"]
        assert client.post("/banditgen/tell", json=told).json()["id"] == race["id"]
        assert client.post("/banditgen/tell", json={**told, "decision_id": "nobody"}).status_code == 404
