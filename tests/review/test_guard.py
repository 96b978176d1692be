"""Who is answered, and what a page may do."""

import pytest
from starlette.testclient import TestClient

from tests.review.desk import HOST, reviewing
from tests.support.tiny import Place


@pytest.fixture
def opened(place: Place):
    place.grade()
    with reviewing(place) as browser:
        yield browser


def stranger(browser, **headers):
    return TestClient(browser.review.app, base_url=HOST, follow_redirects=False, headers=headers)


@pytest.mark.parametrize(
    "path", ["/", "/q/1a", "/history", "/static/review.js", "/nothing", "/?token=wrong", "/?token="]
)
def test_without_the_token_nothing_is_answered(opened, path) -> None:
    answer = stranger(opened).get(path)
    assert answer.status_code == 403
    assert "1a" not in answer.text
    assert "set-cookie" not in answer.headers


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(opened) -> None:
    answer = stranger(opened).get("/", params={"token": opened.review.keys.token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert opened.review.keys.token.lower() not in cookie


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1:8123.evil.example", ""])
def test_another_host_is_not_answered_even_with_the_cookie(opened, host) -> None:
    answer = opened.client.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert opened.client.get("/", headers={"Host": "localhost:8123"}).status_code == 200


def test_forms_without_the_secret_change_nothing(opened) -> None:
    path = f"/q/1a/{opened.alias('s00')}/mark"
    for data in ({"points": "2"}, {"points": "2", "csrf": "guess"}, {"points": "2", "csrf": "é"}):
        assert opened.client.post(path, data=data).status_code == 403
    assert opened.client.post(path, content=b"\xff\xfe=1&csrf=%ff").status_code == 403
    assert opened.seen("s00") == "0"


def test_forms_of_other_pages_are_not_taken(opened) -> None:
    path = f"/q/1a/{opened.alias('s00')}/mark"
    for origin in ("http://127.0.0.1:9", "null", "https://evil.example"):
        assert opened.post(path, {"points": "2"}, headers={"Origin": origin}).status_code == 403
    assert opened.seen("s00") == "0"
    assert opened.post(path, {"points": "2"}, headers={"Origin": HOST}).status_code == 303


def test_reading_never_changes_anything(opened) -> None:
    for path in (f"/q/1a/{opened.alias('s00')}/mark", "/undo"):
        assert opened.client.get(path).status_code == 405
    assert opened.client.put("/").status_code == 405


def test_a_page_loads_nothing_from_elsewhere_and_is_framed_by_nobody(opened) -> None:
    answer = opened.client.get(f"/q/1a/{opened.alias('s00')}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_large_forms_are_refused(opened) -> None:
    answer = opened.post("/undo", {"comment": "x" * 5_000_000})
    assert answer.status_code == 413


def test_unknown_pages_are_named(opened) -> None:
    assert "no question" in opened.client.get("/q/9z").text
    assert opened.client.get("/q/1a/nobody").status_code == 422
    assert opened.client.get("/static/app.py").status_code == 404
