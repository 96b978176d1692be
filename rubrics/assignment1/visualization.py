"""Question 1e: the map of a class, step by step, and its product with the original picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment1.attempted import attempted
from rubrics.assignment1.channels import SOME, wrong_weights
from rubrics.assignment1.classes import function, other_class
from rubrics.assignment1.cores import rebuild
from rubrics.assignment1.maps import RIGHT, WEIGHT_TITLES, Explained, explain
from rubrics.assignment1.maptrail import SeenMap
from rubrics.assignment1.operands import multiplied
from rubrics.assignment1.work import Work, place, work
from rubrics.assignment1.written import draws_with_extent

CRITERIA = ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
CLIPPED_FORMS = {"relu", "shifted-relu"}
LEAK = 1e-4
"""Share of the largest value below which negative values are rounding."""


def visualization(student: Student) -> Iterable[Outcome]:
    """Outcomes of 1e."""
    given = student.find(work)
    network = student.find(rebuild) is not None
    plain = not given.written.weighted_sum and (given.written.gradient == "absent" or not network)
    if plain and not given.explained and not given.trail.overlays:
        for name in CRITERIA:
            yield not_met(f"1e.{name}", "No code that computes a class activation map was found.")
        return
    yield function(student, given)
    yield _gradient(given)
    yield _weighted_sum(given)
    yield _relu(given)
    yield _normalize(given)
    yield _upsample(student, given)
    yield _original(student, given)


def _gradient(given: Work) -> Outcome:
    criterion = "1e.gradient"
    explained = [(entry, entry.explained) for entry in given.maps if entry.explained is not None]
    right = [(entry, how) for entry, how in explained if how.kind in (RIGHT, SOME)]
    if all(entry.large for entry, _ in right) and any(
        not entry.large and how.kind == "seen" for entry, how in explained
    ):
        # An enlarged map of other weights may resemble that of some class.
        explained, right = [(entry, how) for entry, how in explained if how.kind not in (RIGHT, SOME)], []
    other = other_class(given) if right else None
    if other is not None:
        return not_met(criterion, f"Asked for class {other[1]}, `{other[0]}` uses the gradient of class {other[2]}.")
    if right:
        entry, how = right[-1]
        return met(criterion, f"The map at {place(entry)} uses {how.weights_sentence()}.")
    if given.averaged and not given.explained:
        return not_met(criterion, f"In {given.averaged} the gradient is averaged over the channels, not the positions.")
    if given.trail.right_weights and not given.explained:
        return met(criterion, f"{given.trail.right_weights} is proportional to the gradient of a logit.")
    if explained:
        return _explained_otherwise(given, *explained[-1])
    state = given.written.gradient
    elsewhere = "" if given.lacking else given.elsewhere[0]
    if elsewhere:
        return met(criterion, f"The weights are those of a logit. {elsewhere}")
    if state == "absent":
        return not_met(criterion, "Neither a gradient nor the weights of the final layer are used.")
    if state == "wrong":
        return not_met(criterion, "The derivative that is taken is not that of one class's logit.")
    if given.image_asked:
        return not_met(criterion, f"In {given.image_asked}, the class picks an image of the batch, not a logit.")
    if state == "right" and given.unrun:
        return met(
            criterion, "By the source, the gradient of the logit of the given class is used; the code could not be run."
        )
    return review(criterion, "Channel weights are computed, but no known computation reproduces the map.")


def _explained_otherwise(given: Work, last: SeenMap, how: Explained) -> Outcome:
    """The gradient by a map that is not made of a logit's gradient."""
    criterion = "1e.gradient"
    averaged = given.averaged if how.kind == "ones" else ""
    if averaged:
        return not_met(criterion, f"In {averaged} the gradient is averaged over the channels, not the positions.")
    if given.trail.right_weights and how.kind in ("ones", "channel"):
        return met(criterion, f"{given.trail.right_weights} is proportional to the gradient of a logit.")
    if how.kind == "channel" and given.written.gradient == "right":
        wrong = wrong_weights(how.context)
        if wrong is not None:
            return not_met(criterion, f"The weights are {WEIGHT_TITLES[wrong[0]].format(o=wrong[1])}.")
        return met(criterion, "By the source, the weights of the given class are used.")
    own = how.context.title != "layer4" and how.kind == "seen"
    if own and given.written.gradient in ("right", "unclear"):
        return carried(criterion, "1c", "The weights are derived for the feature maps that the network delivers.")
    if given.probabilities and how.kind in ("probability", "log-probability"):
        return carried(criterion, "1c", "The derivative is that of what the network returns, which are probabilities.")
    return not_met(criterion, f"The map at {place(last)} uses {how.weights_sentence()}.")


def _weighted_sum(given: Work) -> Outcome:
    criterion = "1e.weighted-sum"
    plain = ("ones", "saliency", "channel", SOME)
    sums = [entry for entry in given.explained if entry.explained and entry.explained.kind not in plain]
    if sums:
        return met(criterion, f"The map at {place(sums[-1])} is the weighted sum of the feature maps.")
    if given.explained:
        last = given.explained[-1]
        if (
            last.explained
            and last.explained.kind == "ones"
            and (not given.trail.right_weights or given.averaged)
            and given.written.weighted_sum
        ):
            return met(criterion, f"The map at {place(last)} is a sum of the feature maps with equal weights.")
        if last.explained and last.explained.kind == "channel":
            return not_met(criterion, f"The map at {place(last)} is made of one channel; the channels are not summed.")
        if last.explained and last.explained.kind == SOME:
            return not_met(criterion, f"The map at {place(last)} is the sum of some of the channels only.")
        if last.explained and last.explained.kind == "saliency":
            return not_met(criterion, f"The map at {place(last)} is made of the gradient with respect to the image.")
        if given.trail.right_weights or given.written.gradient != "absent":
            return not_met(
                criterion, f"The map at {place(last)} is the plain sum of the feature maps; the weights are not used."
            )
        return review(criterion, f"The map at {place(last)} is the sum of the feature maps without any weights.")
    if not given.written.weighted_sum:
        return not_met(criterion, "Feature maps are not summed over the channels.")
    elsewhere = "" if given.lacking else given.elsewhere[0]
    if elsewhere:
        return not_met(criterion, elsewhere)
    if given.averaged:
        return met(criterion, f"The feature maps are summed with the weights of {given.averaged}.")
    empty = given.trail.blank or given.trail.broken
    if empty or given.unrun:
        why = "the map is 0 everywhere" if empty else "the code could not be run"
        return met(criterion, f"By the source, weights multiply the feature maps, which are summed; {why}.")
    return review(criterion, "No weighted sum of the feature maps reproduces the map.")


def _relu(given: Work) -> Outcome:
    criterion = "1e.relu"
    decided = [
        entry
        for entry in given.explained
        if entry.explained
        and not entry.explained.ambiguous
        and (entry.explained.kind != "channel" or not given.written.clipping)
    ]
    clipped = [
        entry
        for entry in decided
        if entry.explained and entry.explained.form in CLIPPED_FORMS and entry.seen.origin != "op"
    ]
    clipped = clipped or _clipped_on_the_way(given) or _clipped_twice(given, decided)
    leaking = _leaking(given) if clipped else []
    if leaking:
        # What was made of a leaking map resembles a clipped one.
        clipped = [entry for entry in clipped if not entry.large and entry not in leaking]
        decided = clipped or leaking
    if clipped:
        return met(criterion, f"In the map at {place(clipped[-1])}, negative values of the sum are 0.")
    if given.idle is not None and given.idle.clipping:
        return met(criterion, "By the source, values below 0 are clipped; that code did not run to its end.")
    if decided:
        last = decided[-1]
        how = {
            "weights": "the weights (or the weighted channels) are clipped instead of the sum",
            "abs": "absolute values are taken",
            "shifted-weights": "the weights (or the weighted channels) are clipped instead of the sum",
            "shifted": "the values are shifted instead of clipped",
        }
        form = last.explained.form if last.explained else ""
        return not_met(criterion, f"In the map at {place(last)}, {how.get(form, 'negative values remain')}.")
    if given.written.clipping:
        return met(
            criterion, "By the source, values below 0 are clipped; no negative value occurs in the maps that were seen."
        )
    return not_met(criterion, "Nothing clips negative values.")


def _leaking(given: Work) -> list[SeenMap]:
    """Small maps that resemble clipped ones, but still have negative values, as behind a leaky activation."""
    found: list[SeenMap] = []
    for entry in given.maps:
        if not entry.large and float(entry.plane.min()) < -LEAK * float(entry.plane.max()):
            how = entry.explained or explain(np.maximum(entry.plane, 0), given.trail.families)
            if how is not None and how.form in CLIPPED_FORMS and not how.ambiguous:
                found.append(entry)
    return found


def _clipped_on_the_way(given: Work) -> list[SeenMap]:
    """Clipped maps that only a tensor operation shows; a clipped copy that is not used further does not count."""
    found: list[SeenMap] = []
    for _, maps in given.trail.replays:
        operations = [
            entry for entry in maps if entry.seen.origin == "op" and entry.explained and not entry.explained.ambiguous
        ]
        if operations:
            last = max(operations, key=lambda entry: entry.seen.serial)
            found += [last] if last.explained and last.explained.form in CLIPPED_FORMS else []
    return found


def _clipped_twice(given: Work, decided: Sequence[SeenMap]) -> list[SeenMap]:
    """Maps whose values above a limit were clipped, too, so that no hypothesis explains them."""
    sums = [entry.plane for entry in decided if entry.explained and entry.explained.form == "raw"]
    return [
        entry
        for entry in given.maps
        if entry.explained is None
        and float(entry.plane.max()) > 0
        and any(
            entry.plane.shape == plane.shape
            and np.allclose(entry.plane, np.clip(plane, 0, float(entry.plane.max())), rtol=1e-3, atol=1e-6)
            for plane in sums
        )
    ]


def _normalize(given: Work) -> Outcome:
    criterion = "1e.normalize"
    for entry in reversed(given.explained):
        scale = entry.explained.scale if entry.explained else float("nan")
        if abs(scale - 1) < 4e-3 or abs(scale - 255) < 1.6:
            return met(criterion, f"The map at {place(entry)} is divided by its maximum.")
    if given.written.maximum and (given.trail.broken or _drained(given)):
        where = place((given.trail.broken or given.explained)[-1])
        return met(criterion, f"The map at {where} was divided by its maximum, which is 0 after clipping.")
    if given.idle is not None and given.idle.maximum:
        return met(criterion, "By the source, the map is divided by its maximum; that code did not run to its end.")
    summed = [entry for entry in given.explained if entry.explained and entry.explained.kind != "channel"]
    for entry in reversed(given.maps if not summed else []):
        if abs(float(entry.plane.max()) - 1) < 1e-3 and float(entry.plane.min()) > -1e-3:
            return met(criterion, f"The map at {place(entry)} lies in [0, 1] with a maximum of 1.")
    if given.explained:
        last = given.explained[-1]
        return not_met(criterion, f"The largest value of the map at {place(last)} is {last.plane.max():.3g}.")
    elsewhere, filled = given.elsewhere if given.written.maximum else ("", False)
    if elsewhere and filled:
        return met(criterion, f"{elsewhere} The result is divided by its maximum.")
    if given.written.maximum and given.unrun:
        return met(criterion, "By the source, the map is divided by its maximum; the code could not be run.")
    if given.written.maximum and given.trail.blank:
        return met(criterion, "By the source, the map is divided by its maximum; it is 0 everywhere.")
    if given.written.maximum:
        return review(criterion, "The source divides by a maximum, but no map with a maximum of 1 was seen.")
    return not_met(criterion, "Nothing divides the map by its maximum.")


def _drained(given: Work) -> bool:
    """Whether the map has no value above 0, so that what is made of the clipped map is 0 everywhere."""
    return bool(given.explained) and given.written.clipping and float(given.explained[-1].plane.max()) <= 0


def _upsample(student: Student, given: Work) -> Outcome:
    criterion = "1e.upsample"
    if given.trail.overlays and all(min(overlay.size) > 14 for overlay in given.trail.overlays):
        height, width = given.trail.overlays[0].size
        return met(criterion, f"The map is brought to {height}×{width}, the size of the image.")
    if not given.trail.overlays:
        tried = [found.sizes for found in student.find(multiplied) if found.sizes is not None]
        if tried and all(image != size for image, size in tried):
            (height, width), (rows, columns) = tried[0]
            saw = f"A map of {rows}×{columns} multiplies an image of {height}×{width}."
            if (rows, columns) == (224, 224) and student.lost("1d.size"):
                return carried(criterion, "1d", saw)
            return not_met(criterion, saw)
    broken = [entry for entry in given.trail.broken if entry.plane.shape in given.trail.image_sizes]
    large = [entry for entry in given.maps if entry.large and entry.explained is not None]
    fitting = [
        entry for entry in large if entry.plane.shape in given.trail.image_sizes or entry.plane.shape == (224, 224)
    ]
    if fitting:
        height, width = fitting[-1].plane.shape
        return met(criterion, f"The map at {place(fitting[-1])} has the size {height}×{width} of the image.")
    if large:
        height, width = large[-1].plane.shape
        return not_met(criterion, f"The map is enlarged to {height}×{width}, which is not the size of the image.")
    unexplained = [entry for entry in given.maps if entry.large and entry.plane.shape in given.trail.image_sizes]
    if given.written.enlarging and unexplained:
        height, width = unexplained[-1].plane.shape
        return met(
            criterion,
            f"By the source, the map is resized; {place(unexplained[-1])} has the size {height}×{width} of the image.",
        )
    if given.written.enlarging and (broken or not given.explained or _drained(given)):
        why = "clipping leaves nothing of it" if _drained(given) else "the code could not be run"
        return met(criterion, f"By the source, the map is resized; {why}.")
    if given.idle is not None and given.idle.enlarging:
        return met(criterion, "By the source, the map is resized; that code did not run to its end.")
    if given.explained and draws_with_extent(given.code):
        return review(criterion, "The map is not resized, but drawn over the image with `extent`.")
    if given.explained:
        height, width = given.explained[-1].plane.shape
        return not_met(criterion, f"The map stays at {height}×{width}.")
    return not_met(criterion, "The map is not brought to the size of the image.")


def _original(student: Student, given: Work) -> Outcome:
    criterion = "1e.original"
    kinds = [overlay.kind for overlay in given.trail.overlays]
    for wanted, outcome in (("product", met), ("normalized", not_met), ("coloured", review), ("blend", not_met)):
        if wanted in kinds:
            overlay = given.trail.overlays[kinds.index(wanted)]
            sentence = {
                "product": f"{overlay.where} is the original image times the map.",
                "normalized": f"{overlay.where} is the normalized image times the map.",
                "coloured": f"{overlay.where} is the image times a coloured map.",
                "blend": f"{overlay.where} is a blend of image and map, not their product.",
            }[wanted]
            return outcome(criterion, sentence)
    return attempted(student, given)
