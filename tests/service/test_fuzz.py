"""The OpenAPI is what the service does: whatever fits it, and much that doesn't, is answered as it says, and nothing ends in a 500."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis
import pytest

from tests.service.served import Served, served

EXAMPLES = 6  # of each operation in each way; most of the time goes into making them
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
)


def fuzz(service: Served, operation: Any, mode: Any) -> Counter[tuple[str, int]]:
    """How often an operation answered with each status to what fits its OpenAPI, or doesn't."""
    from schemathesis import GenerationMode, checks
    from schemathesis.specs.openapi import checks as openapi

    of_all = [
        checks.not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
    ]
    wanted = of_all if mode is GenerationMode.POSITIVE else [*of_all, openapi.negative_data_rejection]
    answered: Counter[tuple[str, int]] = Counter()

    @SETTINGS
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict) and "model" in case.body:
            case.body["model"] = "banditgen"  # a text that no other name of a model is
        answer = case.call(headers=service.headers, timeout=60)
        case.validate_response(answer, checks=wanted)
        answered[operation.label, answer.status_code] += 1

    run()
    return answered


@pytest.mark.slow
def test_what_fits_the_openapi_and_what_does_not_is_answered_as_it_says() -> None:
    import schemathesis  # a second, which the quick loop need not wait for
    from schemathesis import GenerationMode

    with served(pieces=["no code"]) as service:
        schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json", headers=service.headers)
        answered: Counter[tuple[str, int]] = Counter()
        for found in schema.get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]
            if not operation.path.endswith("/events"):  # it never ends
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    answered += fuzz(service, operation, mode)
        statuses = {status for _, status in answered}
        assert {200, 400, 404} <= statuses
        assert max(statuses) < 500
        assert len({label for label, _ in answered}) >= 14
        print(sorted(answered.items()), sum(answered.values()))
