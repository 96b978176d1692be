"""What holds for any policies, any marks and any time."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader.course import Course
from grader.course_policies import Policies
from grader.policies import with_policies
from grader.policies.grades import grade
from tests.policies.tiny import QUESTIONS, Came, course, result

DUE = datetime(2026, 3, 28, 18, tzinfo=UTC)
PLAIN = course()
ROUNDING = st.sampled_from(["half-up", "half-even", "up", "down"])
STEPS = st.sampled_from([0.1, 0.25, 0.5, 1.0, 3.0])

LATE = st.fixed_dictionaries(
    {},
    optional={
        "grace_minutes": st.integers(0, 90),
        "per": st.sampled_from(["day", "hour", "once"]),
        "count": st.sampled_from(["started", "completed"]),
        "at_most": st.sampled_from([1.0, 7.5, 50.0]),
        "cut_off_hours": st.sampled_from([2.0, 30.0, 100.0]),
        "step": st.sampled_from([0.0, 0.5, 3.0]),
        "rounding": ROUNDING,
    },
).flatmap(
    lambda rules: st.one_of(
        st.sampled_from([0.5, 3.0, 30.0]).map(lambda points: rules | {"points": points}),
        st.tuples(st.sampled_from([2.5, 10.0, 100.0]), st.sampled_from(["maximum", "points"])).map(
            lambda pair: rules | {"percent": pair[0], "percent_of": pair[1]}
        ),
    )
)
SCALES = st.one_of(
    st.fixed_dictionaries(
        {"scale": st.just("swiss"), "step": STEPS.filter(lambda step: step < 3), "rounding": ROUNDING}
    ),
    st.just({"scale": "swiss", "points_for_four": 3.0, "points_for_six": 3.5}),
    st.fixed_dictionaries(
        {
            "scale": st.just("linear"),
            "lowest": st.just(5.0),
            "highest": st.just(1.0),
            "passing": st.just(4.0),
            "step": st.sampled_from([0.1, 0.3, 1.0]),
            "rounding": ROUNDING,
        }
    ),
    st.just(
        {
            "scale": "boundaries",
            "passing": "B",
            "boundaries": [{"grade": "A", "from": 90}, {"grade": "B", "from": 42.5}, {"grade": "C", "from": 0}],
        }
    ),
)


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    """Policies that fit the tiny course; question 1a always counts."""
    data: dict = {"deadline": DUE, "late": draw(LATE), "time_zone": draw(st.sampled_from(["", "Europe/Zurich"]))}
    if draw(st.booleans()):
        data["dropped"] = {"questions": ["1b"], "how": draw(st.sampled_from(["excluded", "full"]))}
    if draw(st.booleans()):
        data["bonus"] = {"questions": ["1c"], "above_maximum": draw(st.booleans())}
    if draw(st.booleans()):
        data["rounding"] = {"step": draw(STEPS), "rounding": draw(ROUNDING)}
    if draw(st.booleans()):
        data["grades"] = draw(SCALES)
    made = Policies.model_validate(data)
    made.check(QUESTIONS)
    return made


MARKS = st.fixed_dictionaries(
    {ident: st.integers(0, int(2 * most)).map(lambda n: n / 2) for ident, most in QUESTIONS.items()}
)
TIMES = st.one_of(
    st.none(),
    st.integers(-3_600, 5 * 86_400).map(lambda seconds: DUE + timedelta(seconds=seconds)),
    st.sampled_from([0, 3600, 86_400]).map(lambda seconds: DUE + timedelta(seconds=seconds)),
)


def apply(rules: Policies, marks: dict[str, float], at: datetime | None):
    pack: Course = PLAIN.model_copy(update={"policies": rules})
    graded = with_policies(pack, result(marks), Came(at), {})
    assert graded.policy is not None
    return graded


@given(policies(), MARKS, TIMES)
def test_final_points_lie_between_0_and_all_that_can_be_reached(rules, marks, at):
    final = apply(rules, marks, at).policy
    bonus = 4.0 if rules.bonus else 0.0
    assert 0 <= final.points <= final.max_points + bonus + 1e-9
    if rules.bonus and not rules.bonus.above_maximum:
        assert final.points <= final.max_points + 1e-9


@given(policies(), MARKS, TIMES)
def test_marks_stay_as_they_are_and_steps_are_a_chain(rules, marks, at):
    graded = apply(rules, marks, at)
    assert {question.id: question.points for question in graded.questions} == marks
    assert graded.points == sum(marks.values())
    points = graded.points
    for step in graded.policy.steps:
        assert step.points_before == points
        assert abs(step.points_before + step.change - step.points_after) < 1e-9
        assert step.kind != "late" or step.change <= 0
        points = step.points_after
    assert points == graded.policy.points
    order = ["dropped", "bonus", "late", "rounding"]
    kinds = [step.kind for step in graded.policy.steps]
    assert kinds == sorted(kinds, key=order.index)


@given(MARKS, st.sampled_from(["excluded", "full"]), st.floats(0, 6))
def test_a_dropped_question_makes_no_difference_to_anybody(marks, how, other):
    rules = Policies.model_validate({"dropped": {"questions": ["1b"], "how": how}})
    one, another = (apply(rules, marks | {"1b": points}, None).policy for points in (marks["1b"], round(other * 2) / 2))
    assert (one.points, one.max_points) == (another.points, another.max_points)
    assert one.points == marks["1a"] + marks["1c"] + (6.0 if how == "full" else 0.0)


@given(policies(), MARKS, TIMES, TIMES)
def test_later_is_never_better(rules, marks, first, second):
    if first is not None and second is not None:
        early, late = sorted([first, second])
        assert apply(rules, marks, early).policy.points >= apply(rules, marks, late).policy.points


@given(policies(), MARKS, TIMES)
def test_who_is_on_time_or_of_unknown_time_loses_nothing(rules, marks, at):
    if at is None or at <= DUE:
        assert [step.change for step in apply(rules, marks, at).policy.steps if step.kind == "late"] == [0]


@given(SCALES, st.integers(0, 80), st.integers(0, 80), st.sampled_from([20, 14, Fraction(7, 2)]))
def test_more_points_never_lead_to_a_worse_grade(scale, one, another, maximum):
    rules = Policies.model_validate({"grades": scale})
    fewer, more = sorted([Fraction(one, 4), Fraction(another, 4)])
    low, high = (grade(rules, points, Fraction(maximum)) for points in (fewer, more))
    assert _goodness(scale, low.text) <= _goodness(scale, high.text)
    assert low.passed <= high.passed


def _goodness(scale: dict, text: str) -> float:
    """Larger for the better grade."""
    if scale["scale"] == "boundaries":
        return -ord(text)
    return float(text) if scale["scale"] == "swiss" else -float(text)


@given(SCALES, st.integers(0, 80))
def test_grades_stay_on_their_scale(scale, points):
    found = grade(Policies.model_validate({"grades": scale}), Fraction(points, 4), Fraction(20))
    if scale["scale"] == "boundaries":
        assert found.text in {"A", "B", "C"}
    else:
        assert 1 <= float(found.text) <= (6 if scale["scale"] == "swiss" else 5)
