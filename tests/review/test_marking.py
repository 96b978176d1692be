"""What staff do on the page, and what the gradebook and the reports then say."""

import json

import pytest

from grader.keeping import Keeper
from tests.review.desk import reviewing
from tests.support.tiny import Place, write_student


def report(place: Place, student: str, question: str) -> dict:
    data = json.loads((place.out / student / "report.json").read_text())
    return next(one for part in data["assignments"] for one in part["questions"] if one["id"] == question)


def history(place: Place, student: str, question: str = "1a"):
    keeper = Keeper.open(place.out)
    try:
        return keeper.marks.history(student, question)
    finally:
        keeper.close()


def test_a_mark_is_kept_at_once_and_the_report_shows_it(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        answer = browser.mark("s01", p__1a__idea="1", p__1a__steps="0,5", comment="well", reason="read twice")
        assert answer.json()["told"] == "1.5 of 2"
        (mark,) = history(place, "s01")
        assert (mark.by.author, mark.by.source, mark.by.reason) == ("ada", "review", "read twice")
        assert dict(mark.mark.criteria) == {"1a.idea": 1.0, "1a.steps": 0.5}
    shown = report(place, "s01", "1a")
    assert (shown["points"], shown["status"], shown["comments"]) == (1.5, "graded", ["well"])
    assert "s01,provisional" not in place.files()["grades.csv"].decode()


def test_a_question_marked_in_part_stays_open(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        told = browser.mark("s01", p__1a__idea="1").json()
        assert told["state"] == "open"
        assert "not complete" in told["told"]
        assert "3 open" in browser.text("/")
        browser.mark("s01", p__1a__idea="1", p__1a__steps="1")
        assert "2 open" in browser.text("/")


def test_a_checked_box_alone_means_all_points(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        path = f"/q/1a/{browser.alias('s01')}/mark"
        assert browser.post(path, {"seen": "0", "check.1a.idea": "on", "check.1a.steps": "on"}).status_code == 303
    assert report(place, "s01", "1a")["points"] == 2.0


@pytest.mark.parametrize("points", ["3", "-1", "nan", "inf", "1e999", "0.25", "one", "1;2"])
def test_points_that_do_not_fit_are_refused(place: Place, points: str) -> None:
    place.grade()
    with reviewing(place) as browser:
        answer = browser.mark("s01", p__1a__idea=points)
        assert answer.status_code == 422
        assert "1a.idea" in answer.json()["error"]
    assert history(place, "s01") == []


def test_computed_criteria_are_overridden_with_a_reason_only(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        page = browser.page("s00", "1b")
        assert "x = 0" in page
        refused = browser.mark("s00", "1b", p__1b__size="2")
        assert refused.status_code == 422
        assert "Reason" in refused.json()["error"]
        assert browser.mark("s00", "1b", p__1b__size="2", reason="the task was misprinted").status_code == 200
        assert "computed: 0" in browser.page("s00", "1b")
        whole = browser.mark("s00", "1c", points="0")
        assert whole.status_code == 422
        assert browser.mark("s00", "1c", points="0.5", reason="a ruling").status_code == 200
    assert report(place, "s00", "1b")["points"] == 2.0
    assert report(place, "s00", "1c")["points"] == 0.5
    (mark,) = history(place, "s00", "1b")
    assert mark.by.reason == "the task was misprinted"


def test_what_was_computed_is_still_known_after_it_was_overridden(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", "1b", p__1b__size="2", reason="r")
    with reviewing(place) as browser:
        page = browser.page("s00", "1b")
        assert "computed: 0" in page
        assert "x = 0" in page
        browser.post(f"/q/1b/{browser.alias('s00')}/back", {"seen": browser.seen("s00", "1b")})
    assert report(place, "s00", "1b")["points"] == 0.0


def test_undo_takes_back_the_last_step_and_no_more(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="1")
        browser.mark("s00", points="2")
        browser.mark("s01", points="2")
        assert browser.post("/undo").headers["location"].startswith(f"/q/1a/{browser.alias('s01')}")
        assert browser.seen("s01") == "0"
        browser.post("/undo")
        assert 'value="1"' in browser.page("s00")
        browser.post("/undo")
        assert browser.post("/undo").status_code == 422
    assert report(place, "s00", "1a")["status"] == "review"
    assert [bool(mark.taken_back_at) for mark in history(place, "s00")] == [True, True]


def test_undo_never_takes_back_what_somebody_else_did(place: Place) -> None:
    place.grade()
    with reviewing(place) as ada, reviewing(place, author="bo") as bo:
        ada.mark("s00", points="1")
        bo.mark("s00", points="2")
        answer = ada.post("/undo")
        assert answer.status_code == 409
        assert "bo gave 2 points" in answer.text
    assert report(place, "s00", "1a")["points"] == 2.0


def test_a_page_that_is_out_of_date_covers_no_mark(place: Place) -> None:
    place.grade()
    with reviewing(place) as ada, reviewing(place, author="bo") as bo:
        seen = ada.seen("s00")
        bo.mark("s00", points="2")
        answer = ada.mark("s00", points="1", seen=seen)
        assert answer.status_code == 409
        assert "bo gave 2 points" in answer.json()["error"]
        assert ada.mark("s00", points="1").status_code == 200
    assert [mark.by.author for mark in history(place, "s00")] == ["bo", "ada"]


def test_the_same_again_writes_nothing_and_an_emptied_form_takes_back(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="1")
        browser.mark("s00", points="1")
        assert len(history(place, "s00")) == 1
        browser.mark("s00")
        assert browser.seen("s00") == "0"
    assert report(place, "s00", "1a")["status"] == "review"


def test_similar_answers_are_shown_together_and_marked_one_by_one(place: Place) -> None:
    write_student(place.source / "s00", 1, "the derivative of the logit is the weight over K and M")
    write_student(place.source / "s01", 1, "the derivative of the logits is the weight over K, M")
    write_student(place.source / "s02", 1, "a cat sat on a mat")
    place.grade()
    with reviewing(place) as browser:
        page = browser.page("s00")
        assert f'value="{browser.alias("s01")}"' in page
        assert f'value="{browser.alias("s02")}"' not in page
        assert browser.seen("s01") == "0"
        path = f"/q/1a/{browser.alias('s00')}/apply"
        data = {"points": "1", "seen": "0", "also": [browser.alias("s01")]}
        assert browser.post(path, data).headers["location"].endswith("applied-2")
        assert browser.seen("s02") == "0"
        (mark,) = history(place, "s01")
        assert browser.alias("s00") in mark.by.reason
        assert browser.post("/undo").headers["location"].endswith("undone-2")
    assert report(place, "s01", "1a")["status"] == "review"


def test_applying_leaves_out_whoever_was_marked_meanwhile(place: Place) -> None:
    place.grade()
    with reviewing(place) as ada:
        original, once = ada.review.desk.board.item, []

        def slow(question, alias):
            found = original(question, alias)
            if not once and alias == ada.alias("s01"):
                once.append(alias)
                with reviewing(place, author="bo") as bo:
                    bo.mark("s01", points="2")
            return found

        ada.review.desk.board.item = slow
        data = {"points": "0", "seen": "0", "also": [ada.alias("s01"), ada.alias("s02")]}
        answer = ada.post(f"/q/1a/{ada.alias('s00')}/apply", data)
        assert answer.headers["location"].endswith("left-1")
    assert [report(place, name, "1a")["points"] for name in ("s00", "s01", "s02")] == [0.0, 2.0, 0.0]


def test_text_of_strangers_is_shown_and_not_obeyed(place: Place) -> None:
    write_student(place.source / "s00", 1, "'<script>alert(1)</script> {{ 7*7 }} \\\"><img src=x onerror=alert(1)>'")
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="1", comment="</textarea><script>x</script>", reason='"><script>y</script>')
        for page in (browser.page("s00"), browser.text("/q/1a"), browser.text("/history")):
            assert page.count("<script") == 1
            assert "<img" not in page
        assert "{{ 7*7 }}" in browser.page("s00")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in browser.page("s00")


def test_comments_are_offered_again(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="1", comment="say why")
        page = browser.page("s01")
        assert 'data-comment="say why"' in page
        assert 'data-comment="no idea"' in page


def test_names_are_hidden(place: Place) -> None:
    place.grade()
    with reviewing(place, anonymous=True) as browser:
        browser.mark("s00", points="1")
        pages = [
            browser.page("s00"),
            browser.page("s00", "1b"),
            *(browser.text(p) for p in ("/", "/q/1a", "/history")),
        ]
        assert not any(name in page for page in pages for name in ("s00", "s01", "s02"))
        listed = browser.text("/q/1b")
        aliases = [
            alias
            for _, alias in sorted((listed.index(alias), alias) for alias in browser.review.desk.board.aliases.values())
        ]
        assert aliases == sorted(aliases)
    assert report(place, "s00", "1a")["points"] == 1.0


def test_a_second_marker_is_blind_and_differences_are_listed(place: Place) -> None:
    place.grade()
    with reviewing(place) as ada:
        ada.mark("s00", p__1a__idea="1", p__1a__steps="1", comment="splendid")
        ada.mark("s01", points="1")
    with reviewing(place, author="bo", role="second") as bo:
        page = bo.page("s00")
        assert "splendid" not in page.split("<dialog")[0]
        assert "ada" not in page
        assert "3 open" in bo.text("/")
        bo.mark("s00", p__1a__idea="0", p__1a__steps="1")
        bo.mark("s01", points="1")
        assert "for the first marker" in bo.text("/disagreements")
    assert report(place, "s00", "1a")["points"] == 2.0
    with reviewing(place) as ada:
        page = ada.text("/disagreements")
        assert "1 disagreement" in page
        assert "the idea" in page
        assert "the steps" not in page
        form = dict(
            zip(("seen", "second"), map(str, (history(place, "s00")[0].id, history(place, "s00")[1].id)), strict=True)
        )
        assert ada.post(f"/q/1a/{ada.alias('s00')}/second", {**form, "second": "999"}).status_code == 409
        assert ada.post(f"/q/1a/{ada.alias('s00')}/second", form).status_code == 303
        assert "No disagreements" in ada.text("/disagreements")
    assert report(place, "s00", "1a")["points"] == 1.0
    assert history(place, "s00")[-1].by.reason == "agreed with the second marker, bo"


def test_a_mark_of_an_earlier_upload_is_to_be_checked(place: Place) -> None:
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="1")
    write_student(place.source / "s00", 0, "another idea")
    place.grade()
    with reviewing(place) as browser:
        assert "to be checked" in browser.page("s00")
        browser.mark("s00", points="1")
        assert "to be checked" not in browser.page("s00").split("<dialog")[0]


def test_a_refresh_that_fails_loses_no_mark(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.errors import StorageError
    from grader.review import serve

    place.grade()
    original = serve.regrade_class

    def broken(options):
        if options.only:
            message = "the disk is full."
            raise StorageError(message)
        return original(options)

    monkeypatch.setattr(serve, "regrade_class", broken)
    with reviewing(place) as browser:
        browser.mark("s00", points="2")
        for _ in range(100):
            if "disk is full" in (page := browser.page("s00")):
                break
            browser.review.refresher._thread.join(0.1)
        assert "Every mark is kept" in page
    assert report(place, "s00", "1a")["points"] == 2.0


PROPOSALS = """
from grader.scoring.proposals import Finding


def idea(answer):
    yield Finding("1a.idea", 1.0 if "idea" in answer else 0.0, "the word 'idea'", "sure")
    if "steps" in answer:
        yield Finding("1a.steps", 0.5, "the word 'steps'")
    else:
        yield Finding("1a.steps", None, "no steps were recognised")


proposers = {"1a": idea}
"""


def test_proposals_are_shown_and_mark_nothing(place: Place) -> None:
    (place.course / "proposals.py").write_text(PROPOSALS)
    place.grade()
    with reviewing(place) as browser:
        page = browser.page("s00")
        assert 'data-proposed="1"' in page
        assert "no steps were recognised" in page
        assert browser.seen("s00") == "0"
        browser.mark("s00", p__1a__idea="1", p__1a__steps="0", accepted="1")
    assert history(place, "s00")[0].by.reason == "proposal accepted after reading"
    assert history(place, "s01") == []
    assert report(place, "s01", "1a")["status"] == "review"


def test_accepting_all_proposals_is_recorded_as_such_and_covers_no_mark(place: Place) -> None:
    (place.course / "proposals.py").write_text(PROPOSALS)
    write_student(place.source / "s02", 2, "an idea with steps")
    place.grade()
    with reviewing(place) as browser:
        browser.mark("s00", points="0")
    with reviewing(place, accept_proposals=True) as browser:
        assert browser.review.accepted == 2
        assert "1 open" in browser.text("/")
    assert [mark.by.author for mark in history(place, "s00")] == ["ada"]
    (mark,) = history(place, "s02")
    assert mark.by.author == "ada (accepted proposal)"
    assert mark.by.reason == "1a.idea: the word 'idea'; 1a.steps: the word 'steps'"
    assert report(place, "s02", "1a")["points"] == 1.5
    assert report(place, "s01", "1a")["status"] == "review"
    with reviewing(place, accept_proposals=True) as browser:
        assert browser.review.accepted == 0
