"""A review of the tiny class, asked as a browser would ask it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from grader.review.serve import Review, ReviewOptions, open_review
from tests.support.tiny import Place

PORT = 8123
HOST = f"http://127.0.0.1:{PORT}"


@dataclass
class Browser:
    """A browser that was let in. Attributes: the client, the review behind it."""

    client: TestClient
    review: Review

    def alias(self, student: str) -> str:
        return self.review.desk.board.aliases[student]

    def page(self, student: str, question: str = "1a") -> str:
        return self.text(f"/q/{question}/{self.alias(student)}")

    def text(self, path: str) -> str:
        """A page without its random secret, in which any short word might stand."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text.replace(self.review.keys.csrf, "CSRF")

    def seen(self, student: str, question: str = "1a") -> str:
        hit = re.search(r'name="seen" value="(\d+)"', self.page(student, question))
        assert hit
        return hit.group(1)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """A form that carries the page's secret."""
        return self.client.post(path, data={"csrf": self.review.keys.csrf, **(data or {})}, **options)

    def mark(self, student: str, question: str = "1a", **data: Any) -> Any:
        given = {name.replace("__", "."): value for name, value in data.items()}
        given.setdefault("seen", self.seen(student, question))
        path = f"/q/{question}/{self.alias(student)}/mark"
        return self.post(path, given, headers={"Accept": "application/json"})


@contextlib.contextmanager
def reviewing(place: Place, **options: Any) -> Iterator[Browser]:
    """A review of a graded class."""
    given = {"author": "ada", **options}
    with open_review(ReviewOptions(place.out, **given), PORT) as review:
        client = TestClient(review.app, base_url=HOST, follow_redirects=False)
        answer = client.get("/", params={"token": review.keys.token})
        assert answer.status_code == 303
        yield Browser(client, review)
