"""Several markers at once on one gradebook."""

import threading
from collections import Counter

from grader.keeping import Keeper
from tests.review.desk import reviewing
from tests.support.tiny import install, make_place

WRITERS, ROUNDS, STUDENTS = 4, 4, 5


def test_four_writers_lose_nothing(tmp_path, monkeypatch) -> None:
    """Each accepted mark is in the history, each refused one was told, and no mark covers one that was not seen."""
    place = make_place(tmp_path, STUDENTS)
    install(place.play, monkeypatch.setattr)
    place.grade()
    accepted, refused, faults = Counter(), Counter(), []
    start = threading.Barrier(WRITERS)

    def write(author: str) -> None:
        try:
            with reviewing(place, author=author) as browser:
                start.wait(60)
                for number in range(ROUNDS * STUDENTS):
                    student = f"s{number % STUDENTS:02}"
                    points = str(number % 3)
                    answer = browser.mark(student, points=points, comment=f"{author} {number}")
                    if answer.status_code == 200:
                        accepted[student, author] += 1
                    else:
                        assert answer.status_code == 409, answer.text
                        refused[student, author] += 1
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=write, args=(f"m{number}",)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert faults == []
    assert sum(accepted.values()) + sum(refused.values()) == WRITERS * ROUNDS * STUDENTS
    keeper = Keeper.open(place.out)
    try:
        for number in range(STUDENTS):
            student = f"s{number:02}"
            marks = keeper.marks.history(student, "1a")
            assert Counter(mark.by.author for mark in marks) == Counter(
                {author: count for (name, author), count in accepted.items() if name == student}
            )
            assert len({mark.mark.comment for mark in marks}) == len(marks)
            assert len([event for event in keeper.marks.events(student) if event.action == "marked"]) == len(marks)
            assert keeper.marks.effective()[student]["1a"] == marks[-1]
    finally:
        keeper.close()
    shown = {result.student: result.questions[0].points for result in place.grade().results}
    assert set(shown) == {f"s{number:02}" for number in range(STUDENTS)}
