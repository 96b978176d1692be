"""Question 1e: the map of a class, step by step, and its product with the original picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment1.evidence import cell_label, entries, gather
from rubrics.assignment1.maps import RIGHT
from rubrics.assignment1.maptrail import SeenMap, Trail, trail
from rubrics.assignment1.network import delivered
from rubrics.assignment1.replay import class_in, role
from rubrics.assignment1.source import Code, read_code
from rubrics.assignment1.written import Written, draws_with_extent, read_source

CRITERIA = ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
SIZE_FAULTS = ("must match", "broadcast", "size of tensor", "shapes (")
CLIPPED_FORMS = {"relu", "shifted-relu"}


@dataclass(frozen=True, eq=False)
class Work:
    """What 1e is judged on.

    Attributes:
        trail: What the code made.
        maps: All explained maps, the notebook's own and the replays'.
        written: What its source says.
        code: The parsed notebook.
        unrun: Whether the code that makes the map failed, was never called, or had no right feature map to work on.
        idle: What the source says of failed cells and functions that were never called, None when there are none.
    """

    trail: Trail
    maps: list[SeenMap]
    written: Written
    code: Code
    unrun: bool
    idle: Written | None

    @property
    def explained(self) -> list[SeenMap]:
        """The maps that a hypothesis reproduces."""
        return [entry for entry in self.maps if entry.explained is not None]


def work(student: Student) -> Work:
    """Puts together what 1e is judged on; use it through ``student.find``."""
    found, code, evidence = student.find(trail), student.find(read_code), student.find(gather)
    sources = [str(function.get("source")) for function in evidence.functions]
    best = max((read_source(code, [source]) for source in sources), key=lambda written: written.steps, default=None)
    written = read_source(code, sources) if best is not None and best.steps >= 2 else read_source(code, [])
    failed = any(cell.error_name for cell in student.notebook.code_cells)
    played = any(replay.ok for replay, _ in found.replays)
    missing = not student.find(delivered).features
    return Work(found, found.all_maps(), written, code, failed or not played or missing, _idle(student, code))


def _idle(student: Student, code: Code) -> Written | None:
    """Reads the code that was not run, or not to its end, for a reason other than sizes that do not fit."""
    sources = [
        cell.source
        for cell in student.notebook.code_cells
        if cell.error_name and not any(text in cell.error_message for text in SIZE_FAULTS)
    ]
    sources += [
        str(function.get("source"))
        for function in student.find(gather).functions
        if not entries(function, "calls") and not function.get("is_method")
    ]
    return read_source(code, sources) if sources else None


def visualization(student: Student) -> Iterable[Outcome]:
    """Outcomes of 1e."""
    given = student.find(work)
    plain = given.written.gradient == "absent" and not given.written.weighted_sum
    if plain and not given.explained and not given.trail.overlays:
        for name in CRITERIA:
            yield not_met(f"1e.{name}", "No code that computes a class activation map was found.")
        return
    yield _function(student, given)
    yield _gradient(given)
    yield _weighted_sum(given)
    yield _relu(given)
    yield _normalize(given)
    yield _upsample(given)
    yield _original(student, given)


def _function(student: Student, given: Work) -> Outcome:
    criterion = "1e.function"
    fixed: list[tuple[str, str, int]] = []
    for replay, maps in given.trail.replays:
        classes = {entry.explained.o for entry in maps if entry.explained is not None and entry.explained.kind == RIGHT}
        if replay.o in classes:
            return met(
                criterion,
                f"`{replay.function}` computes the map of the class it is given (tried with class {replay.o}).",
            )
        if replay.ok and classes:
            fixed.append((replay.function, replay.parameter, next(o for o in classes if o is not None)))
    varied = _varies_with_class(student, given)
    if varied:
        return met(criterion, f"`{varied}` computed the maps of the classes that it was given.")
    taking = _takes_class(student, given)
    if fixed and taking in (None, *((function, parameter) for function, parameter, _ in fixed)):
        function, parameter, o = fixed[0]
        return not_met(criterion, f"`{function}` computes the map of class {o}, whatever `{parameter}` is.")
    if taking is not None:
        return met(criterion, f"`{taking[0]}` computes a map and takes the class in `{taking[1]}`.")
    named = sorted({entry.seen.function for entry in given.explained if entry.seen.function})
    if named and _several_classes(given):
        return met(criterion, f"`{named[0]}` computed maps of several classes.")
    if named and _takes_weights(student, given, named):
        return review(
            criterion, f"`{named[0]}` computes a map, but is given the weights of a class instead of the class."
        )
    if named:
        return not_met(criterion, f"`{named[0]}` computes a map, but takes no class.")
    return not_met(criterion, "The map is computed without a function that takes the class.")


def _varies_with_class(student: Student, given: Work) -> str:
    """A function whose recorded calls had several classes and returned the map of each, or ``""``.

    A repeated call may find hooks gone that a context manager had set.
    """
    evidence = student.find(gather)
    returned = {
        (entry.seen.function, entry.seen.serial): entry.explained.o
        for entry in given.trail.maps
        if entry.seen.origin == "returned" and entry.explained is not None and entry.explained.kind == RIGHT
    }
    right: dict[str, set[int]] = {}
    for function, record in evidence.records():
        name = str(function.get("name"))
        o = returned.get((name, int(record.get("serial") or 0)))
        classes = [class_in(evidence.value(data)) for data in (record.get("args") or {}).values()]
        if o is not None and any(known is not None and known[0] == o for known in classes):
            right.setdefault(name, set()).add(o)
    return next((name for name, classes in right.items() if len(classes) > 1), "")


def _takes_class(student: Student, given: Work) -> tuple[str, str] | None:
    """Function and parameter of a map's computation that takes a class."""
    evidence = student.find(gather)
    mapping = {entry.seen.function for entry in given.explained if entry.seen.function}
    taken = {
        (str(function.get("name")), str(name))
        for function, record in evidence.records()
        for name, data in (record.get("args") or {}).items()
        if class_in(evidence.value(data)) is not None
    }
    for function in evidence.functions:
        name, source = str(function.get("name")), str(function.get("source"))
        written = read_source(given.code, [source])
        if name not in mapping and written.steps < 2:
            continue
        parameters = [str(part.get("name")) for part in entries(function, "params")]
        for parameter in parameters:
            if written.class_parameter == parameter or (name, parameter) in taken or role(parameter) == "class":
                return name, parameter
    return None


def _takes_weights(student: Student, given: Work, named: list[str]) -> bool:
    """Whether a mapping function has an argument that is the weight vector of a class."""
    evidence = student.find(gather)
    return any(
        len(evidence.value(data).shape or ()) == 1 and (evidence.value(data).shape or (0,))[0] in (512, 2048)
        for function, record in evidence.records()
        if str(function.get("name")) in named
        for data in (record.get("args") or {}).values()
    )


def _several_classes(given: Work) -> bool:
    classes = {
        (entry.seen.function, entry.explained.o)
        for entry in given.trail.maps
        if entry.explained is not None and entry.explained.kind == RIGHT and entry.seen.function
    }
    functions = [function for function, _ in classes]
    return any(functions.count(function) > 1 for function in functions)


def _gradient(given: Work) -> Outcome:
    criterion = "1e.gradient"
    explained = [(entry, entry.explained) for entry in given.maps if entry.explained is not None]
    right = [(entry, how) for entry, how in explained if how.kind == RIGHT]
    if right:
        entry, how = right[-1]
        return met(criterion, f"The map at {_place(entry)} uses {how.weights_sentence()}.")
    if given.trail.right_weights and not given.explained:
        return met(criterion, f"{given.trail.right_weights} is proportional to the gradient of a logit.")
    if explained:
        last, how = explained[-1]
        if given.trail.right_weights and how.kind == "ones":
            return met(criterion, f"{given.trail.right_weights} is proportional to the gradient of a logit.")
        own = how.context.title != "layer4" and how.kind == "seen"
        if own and given.written.gradient in ("right", "unclear"):
            return carried(criterion, "1c", "The weights are derived for the feature maps that the network delivers.")
        return not_met(criterion, f"The map at {_place(last)} uses {how.weights_sentence()}.")
    state = given.written.gradient
    if state == "absent":
        return not_met(criterion, "Neither a gradient nor the weights of the final layer are used.")
    if state == "wrong":
        return not_met(criterion, "The derivative that is taken is not that of one class's logit.")
    if state == "right" and given.unrun:
        return met(
            criterion, "By the source, the gradient of the logit of the given class is used; the code could not be run."
        )
    return review(criterion, "Channel weights are computed, but no known computation reproduces the map.")


def _weighted_sum(given: Work) -> Outcome:
    criterion = "1e.weighted-sum"
    sums = [entry for entry in given.explained if entry.explained and entry.explained.kind not in ("ones", "saliency")]
    if sums:
        return met(criterion, f"The map at {_place(sums[-1])} is the weighted sum of the feature maps.")
    if given.explained:
        last = given.explained[-1]
        if (
            last.explained
            and last.explained.kind == "ones"
            and not given.trail.right_weights
            and given.written.weighted_sum
        ):
            return met(criterion, f"The map at {_place(last)} is a sum of the feature maps with equal weights.")
        if last.explained and last.explained.kind == "saliency":
            return not_met(criterion, f"The map at {_place(last)} is made of the gradient with respect to the image.")
        if given.trail.right_weights:
            return not_met(
                criterion, f"The map at {_place(last)} is the plain sum of the feature maps; the weights are not used."
            )
        return review(criterion, f"The map at {_place(last)} is the sum of the feature maps without any weights.")
    if not given.written.weighted_sum:
        return not_met(criterion, "Feature maps are not summed over the channels.")
    if given.unrun:
        return met(
            criterion, "By the source, weights multiply the feature maps, which are summed; the code could not be run."
        )
    return review(criterion, "No weighted sum of the feature maps reproduces the map.")


def _relu(given: Work) -> Outcome:
    criterion = "1e.relu"
    decided = [entry for entry in given.explained if entry.explained and not entry.explained.ambiguous]
    clipped = [
        entry
        for entry in decided
        if entry.explained and entry.explained.form in CLIPPED_FORMS and entry.seen.origin != "op"
    ]
    clipped = clipped or _clipped_on_the_way(given)
    if clipped:
        return met(criterion, f"In the map at {_place(clipped[-1])}, negative values of the sum are 0.")
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
        return not_met(criterion, f"In the map at {_place(last)}, {how.get(form, 'negative values remain')}.")
    if given.written.clipping:
        return met(
            criterion, "By the source, values below 0 are clipped; no negative value occurs in the maps that were seen."
        )
    return not_met(criterion, "Nothing clips negative values.")


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


def _normalize(given: Work) -> Outcome:
    criterion = "1e.normalize"
    for entry in reversed(given.explained):
        scale = entry.explained.scale if entry.explained else float("nan")
        if abs(scale - 1) < 4e-3 or abs(scale - 255) < 1.6:
            return met(criterion, f"The map at {_place(entry)} is divided by its maximum.")
    if given.idle is not None and given.idle.maximum:
        return met(criterion, "By the source, the map is divided by its maximum; that code did not run to its end.")
    if given.explained:
        last = given.explained[-1]
        return not_met(criterion, f"The largest value of the map at {_place(last)} is {last.plane.max():.3g}.")
    for entry in reversed(given.maps):
        if abs(float(entry.plane.max()) - 1) < 1e-3 and float(entry.plane.min()) > -1e-3:
            return met(criterion, f"The map at {_place(entry)} lies in [0, 1] with a maximum of 1.")
    if given.written.maximum and given.unrun:
        return met(criterion, "By the source, the map is divided by its maximum; the code could not be run.")
    if given.written.maximum:
        return review(criterion, "The source divides by a maximum, but no map with a maximum of 1 was seen.")
    return not_met(criterion, "Nothing divides the map by its maximum.")


def _upsample(given: Work) -> Outcome:
    criterion = "1e.upsample"
    if given.trail.overlays and all(min(overlay.size) > 14 for overlay in given.trail.overlays):
        height, width = given.trail.overlays[0].size
        return met(criterion, f"The map is brought to {height}×{width}, the size of the image.")
    large = [entry for entry in given.maps if entry.large and entry.explained is not None]
    fitting = [
        entry for entry in large if entry.plane.shape in given.trail.image_sizes or entry.plane.shape == (224, 224)
    ]
    if fitting:
        height, width = fitting[-1].plane.shape
        return met(criterion, f"The map at {_place(fitting[-1])} has the size {height}×{width} of the image.")
    if large:
        height, width = large[-1].plane.shape
        return not_met(criterion, f"The map is enlarged to {height}×{width}, which is not the size of the image.")
    unexplained = [entry for entry in given.maps if entry.large and entry.plane.shape in given.trail.image_sizes]
    if given.written.enlarging and unexplained:
        height, width = unexplained[-1].plane.shape
        return met(
            criterion,
            f"By the source, the map is resized; {_place(unexplained[-1])} has the size {height}×{width} of the image.",
        )
    if given.written.enlarging and not given.explained:
        return met(criterion, "By the source, the map is resized; the code could not be run.")
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
    return _attempted(student, given)


def _attempted(student: Student, given: Work) -> Outcome:
    """A product that failed, or that no array shows."""
    criterion = "1e.original"
    named = {
        seen.name: given.trail.picture_kinds[id(seen.array)]
        for seen in given.trail.arrays
        if id(seen.array) in given.trail.picture_kinds
    }
    failed = [cell for cell in student.notebook.code_cells if cell.error_name]
    maps = {entry.seen.name for entry in given.maps} | {entry.seen.function or "" for entry in given.maps}
    maps |= {
        str(function.get("name"))
        for function in student.find(gather).functions
        if read_source(given.code, [str(function.get("source"))]).steps >= 2
    }
    products = given.written.products + read_source(given.code, []).products
    hits = [(name, bool(set(names) & maps)) for names in products for name in names if name in named]
    for accepted in (("scaled", "raw"), ("imagenet", "other", "unscaled")):
        for name, with_map in hits:
            if named[name] in accepted and (with_map or failed):
                if accepted[0] == "scaled":
                    return met(criterion, f"By the source, the original image `{name}` is multiplied with the map.")
                return not_met(criterion, f"By the source, the normalized image `{name}` is multiplied with the map.")
    return not_met(criterion, "The map does not multiply the image.")


def _place(entry: SeenMap) -> str:
    where = (
        cell_label(entry.seen.cell)
        if entry.seen.cell is not None
        else (f"`{entry.seen.function}`" if entry.seen.function else "the notebook")
    )
    return f"`{entry.seen.name}` in {where}" if entry.seen.name not in ("return",) else f"the result in {where}"
