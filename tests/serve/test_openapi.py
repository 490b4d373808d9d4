"""The OpenAPI document: requests made from it find no fault, and answers are as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

import harnn
from harnn.acceptance import save_acceptance
from harnn.bundle import fingerprint
from harnn.data import Document
from harnn.review import EnqueueOptions, Terms
from harnn.serve import ModelPlace, ServeSettings, Service, add_token, create_app
from support.acceptances import made_acceptance
from support.served import client_of


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("examples", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_requests_made_from_it_find_no_fault(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    """examples: requests of each operation.

    What a schema cannot say, such as a label that does not exist, is refused with 422 all the same.
    """
    monkeypatch.setattr("harnn.serve.admission._WRONG_TOKENS", 1_000_000)  # which it tries too
    tokens = tmp_path / "tokens"
    headers = {"Authorization": f"Bearer {add_token(tokens, 'tester', 'admin')}"}
    places = (ModelPlace.parse(f"sample={model}"),)
    taxonomy = harnn.Predictor.load(model).taxonomy
    acceptance = made_acceptance(taxonomy, fingerprint(model))
    save_acceptance(acceptance, tmp_path / "acceptance.json")
    service = Service(
        ServeSettings(
            models=places,
            watch=False,
            tokens=tokens,
            database=str(tmp_path / "corrections.db"),
            acceptance=(str(tmp_path / "acceptance.json"),),
            names=("testserver",),
        )
    )
    put_into_review(service)
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(service))
    seen = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        seen.append(operation.label)

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        def check(case: Any) -> None:
            if "project_id" in case.path_parameters:
                case.path_parameters["project_id"] = "sample"
            if case.path_parameters.get("item", 0) > 3:  # else it is never one of them
                case.path_parameters["item"] = 1 + case.path_parameters["item"] % 3
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        check()
    assert {"POST /v1/predict", "POST /v1/explain", "GET /v1/taxonomy", "GET /metrics"} <= {*seen}
    assert "POST /v1/projects/{project_id}/learn" in seen
    assert {"POST /v1/review/items/{item}/decisions", "PUT /v1/acceptance"} <= {*seen}
    service.close()


def put_into_review(service: Service) -> None:
    """Queue documents that are shown, blind and read twice, and put a policy in force."""
    served = service.models.default
    texts = ("Bees swarm in May.", "The tap drips.", "A ferry sails.")
    documents = [Document(str(n), {"text": text}, None) for n, text in enumerate(texts)]
    for document, blind, second in zip(documents, (0, 1, 0), (0, 0, 1), strict=True):
        options = EnqueueOptions(blind_share=blind, second_share=second)
        review = service.review_of(served)
        review.enqueue(served.predictor, [document], model=served.state, options=options)
    terms = Terms(targets={1: 0.9}, audit_share=1)
    service.policies_of(served).put(terms, person="tester", version=0)


def test_every_route_is_described_with_its_errors(model: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    add_token(tokens, "tester", "admin")
    with client_of(model, tokens=tokens) as client:
        described = client.get("/openapi.json").json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            if path not in ("/healthz", "/readyz"):
                assert "401" in operation["responses"] or not operation.get("security"), path


def test_without_tokens_it_asks_for_none(model: Path) -> None:
    with client_of(model) as client:
        text = json.dumps(client.get("/openapi.json").json())
    assert "security" not in text
