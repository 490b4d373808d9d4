"""People who ask a server that keeps documents to review, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harnn
from harnn.acceptance import save_acceptance
from harnn.bundle import fingerprint
from harnn.review import ModelState
from harnn.serve import add_token
from support.acceptance_pages import Archive
from support.acceptances import made_acceptance
from support.served import client_of

ROLES: Mapping[str, Any] = {
    **{"eve": "read", "kim": "annotate", "lee": "annotate"},
    **{"mia": "review", "root": "admin"},
}
TEXTS = (
    "Bees swarm in May, and honey is taken in July.",
    "The kitchen tap drips; fit a new washer.",
    "The ferry sails from the harbour at noon.",
)


@dataclass(frozen=True)
class People:
    """A server, and those who ask it, by their names."""

    client: Any
    tokens: Mapping[str, str]
    archive: Archive

    def ask(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Return the response to somebody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.client.request(method, path, json=body, headers=headers, **more)

    def get(self, who: str, path: str, **query: Any) -> Any:
        """Return what somebody is answered."""
        answer = self.ask(who, "GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, who: str, path: str, body: Any = None) -> Any:
        """Return what somebody is answered."""
        answer = self.ask(who, "POST", path, body if body is not None else {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def decide(self, who: str, item: int, action: str, label: str = "", **more: Any) -> Any:
        """Decide something of a document, and return it."""
        view = self.get(who, f"/v1/review/items/{item}")
        body = {"version": view["version"], "action": action, "label": label, **more}
        return self.post(who, f"/v1/review/items/{item}/decisions", body)

    def submit(self, who: str, item: int) -> Any:
        """Hand in what somebody has decided of a document."""
        version = self.get(who, f"/v1/review/items/{item}")["version"]
        return self.post(who, f"/v1/review/items/{item}/submit", {"version": version})


@contextmanager
def people_at(model: Path, folder: Path, **settings: Any) -> Iterator[People]:
    """Serve a model with a database and an acceptance to people with tokens."""
    taxonomy, known = harnn.Predictor.load(model).taxonomy, fingerprint(model)
    acceptance = made_acceptance(taxonomy, known, 2_400)
    tokens = {name: add_token(folder / "tokens", name, role) for name, role in ROLES.items()}
    save_acceptance(acceptance, folder / "acceptance.json")
    state = ModelState("sample", known, taxonomy.version)
    archive = Archive(folder / "review.db", taxonomy, state, acceptance)
    given: dict[str, Any] = {
        "tokens": folder / "tokens",
        "database": str(folder / "review.db"),
        "acceptance": (str(folder / "acceptance.json"),),
    }
    with client_of(f"sample={model}", **given | settings) as client:
        yield People(client, tokens, archive)
    archive.close()
