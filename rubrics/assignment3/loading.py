"""Question 3c: data sets and data loaders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from grader.probe import expr
from grader.probe.types import Request
from grader.probe.value import Value, step_values
from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment3.objects import IMAGE_SIZE, Dataset, Loader, Objects, Roles, objects, roles
from rubrics.source import calls, constant, keyword
from rubrics.trace import whole_trace

SPLIT_TITLES = {"train": "training", "test": "test"}
MAX_BATCH = 2048
_ARCHIVE = "stanford.edu/housenumbers"


@dataclass
class Look:
    """What data sets and loaders deliver.

    Attributes:
        items: Split → first item's image.
        batches: Role (``train`` or ``test``) → images of a batch.
        failures: What went wrong when they were asked.
        orders: Targets of the training loader's first batch, twice.
        seen: Shapes of images that reached a network in batches.
    """

    items: dict[str, Value] = field(default_factory=dict)
    batches: dict[str, Value] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    orders: list[list[float]] = field(default_factory=list)
    seen: list[tuple[int, ...]] = field(default_factory=list)


def dataset_and_loaders(student: Student) -> Iterator[Outcome]:
    """SVHN with automatic download as float tensors of 32×32, a shuffled training loader and a test loader."""
    found, role = student.find(objects), student.find(roles)
    look = student.find(look_at_data)
    yield _split(found, role, "train")
    yield _split(found, role, "test")
    yield _download(found)
    yield _tensor(found, look)
    yield _size(found, look)
    yield _train_loader(student, role)
    yield _shuffle(student, role, look)
    yield _test_loader(student, found, role)


def look_at_data(student: Student) -> Look:
    """Fetches an item of each split and a batch of each loader; use it with ``student.find``."""
    found, role = student.find(objects), student.find(roles)
    steps: list[dict[str, Any]] = []
    for split in SPLIT_TITLES:
        chosen = _chosen(found, role, split)
        if chosen is not None:
            item = expr.item(expr.obj(chosen.obj), expr.value(0))
            steps.append({"slot": f"item:{split}", "expr": item, "seed": 1})
    for name, loader in (("train", role.train), ("test", role.test)):
        if loader is None:
            continue
        batch = expr.call(expr.importing("builtins.next"), [_iterator(loader)])
        steps.append({"slot": f"batch:{name}", "expr": batch, "seed": 1})
        if name == "train":
            steps.append({"slot": "again:train", "expr": batch, "seed": 2})
    look = Look()
    if steps:
        _read(student, steps, look)
    for event in student.find(whole_trace).of("forward"):
        for shape in (event.get("in_shapes") or ())[:1]:
            if len(shape) == 4 and tuple(shape[1:]) not in look.seen:
                look.seen.append(tuple(int(size) for size in shape[1:]))
    return look


def _iterator(loader: Loader) -> expr.Expr:
    return expr.call(expr.importing("builtins.iter"), [expr.obj(loader.obj)])


def _read(student: Student, steps: list[dict[str, Any]], look: Look) -> None:
    answer = student.ask(Request("evaluate", {"steps": steps}, timeout_s=120))
    for step in answer.data.get("steps") or ():
        if not step.get("ok"):
            look.failures[str(step.get("slot"))] = str((step.get("error") or {}).get("text", "it failed"))
    for slot, value in step_values(answer).items():
        kind, _, name = slot.partition(":")
        if value is None:
            continue
        image = _image(value)
        if kind == "item" and image is not None:
            look.items[name] = image
        elif kind == "batch" and image is not None:
            look.batches[name] = image
        if name == "train" and kind in {"batch", "again"}:
            targets = [array for array in value.arrays() if array.ndim == 1]
            look.orders += [[float(number) for number in targets[-1]]] if targets else []


def _image(value: Value) -> Value | None:
    """The first thing in an item or batch that can hold an image."""
    for part in value.walk():
        if part.kind == "image" or (part.kind in {"tensor", "ndarray"} and len(part.shape or ()) >= 2):
            return part
    return None


def _chosen(found: Objects, role: Roles, split: str) -> Dataset | None:
    """The data set that stands for a split: the one in the loader of that role, else the one with a transform."""
    loader = role.train if split == "train" else role.test
    if loader is not None and loader.dataset is not None and split in loader.dataset.splits:
        return loader.dataset
    candidates = found.of_split(split)
    return max(candidates, key=lambda one: (bool(one.transform not in {"", "None"}), one.obj), default=None)


# --- data sets ------------------------------------------------------------------------------------------------


def _split(found: Objects, role: Roles, split: str) -> Outcome:
    criterion, title = f"3c.{split}", SPLIT_TITLES[split]
    if role.swapped:
        other = "test" if split == "train" else "train"
        return not_met(criterion, f"As {title} set, the split '{other}' of SVHN is used.")
    existing = sorted(found.of_split(split), key=lambda dataset: not dataset.direct)
    if existing:
        return met(criterion, f"SVHN with split '{split}', {existing[0].length} images")
    written = _written_splits(found)
    if split in written and not any(dataset.direct for dataset in found.datasets):
        return met(criterion, f"The source makes an SVHN with split '{split}'; the cell failed when it ran.")
    others = sorted({name for dataset in found.datasets for name in dataset.splits})
    if not others and _own_pictures(found):
        return review(criterion, "No torchvision SVHN was found, but a data set of the notebook's own.")
    return not_met(criterion, f"SVHN with split '{split}' was not found; splits found: {', '.join(others) or 'none'}.")


def _own_pictures(found: Objects) -> bool:
    return any((dataset.length or 0) >= 100 for dataset in found.datasets)


def _written(found: Objects) -> list[ast.Call]:
    return [call for cell in found.cells for call in calls(cell.tree, "SVHN")]


def _written_splits(found: Objects) -> set[str]:
    splits = set()
    for call in _written(found):
        named = _written_split(call)
        splits |= named if len(named) == 1 else set()
    return splits


def _download(found: Objects) -> Outcome:
    criterion = "3c.download"
    direct = [dataset for dataset in found.datasets if dataset.direct]
    if not direct and any(_ARCHIVE in cell.cell.source for cell in found.cells):
        return met(criterion, "The source downloads the archive by its address.")
    if not direct and not _written(found):
        return not_met(criterion, "No SVHN data set was found.")
    lacking, fetched = [], _fetched(found)
    for split in sorted({split for dataset in direct for split in dataset.splits}):
        known = [dataset.download for dataset in direct if split in dataset.splits]
        if not any(known) and split not in fetched:
            lacking.append(split)
    if direct and all(dataset.download is not None for dataset in direct):
        if lacking:
            return not_met(criterion, f"download=True is missing for: {', '.join(lacking)}.")
        return met(criterion, "Every SVHN data set is made with download=True.")
    written = [keyword(call, "download") or (call.args[4] if len(call.args) > 4 else None) for call in _written(found)]
    if written and all(node is not None and constant(node) is not False for node in written):
        return met(criterion, "The source asks for the download.")
    return not_met(criterion, "The source does not ask for the download of every SVHN data set.")


def _fetched(found: Objects) -> set[str]:
    """Splits that are downloaded by data sets that nobody keeps."""
    splits: set[str] = set()
    for cell in found.cells:
        for statement in (node for node in ast.walk(cell.tree) if isinstance(node, ast.Expr)):
            for call in calls(statement, "SVHN"):
                if constant(keyword(call, "download") or (call.args[4] if len(call.args) > 4 else None)) is True:
                    splits |= _written_split(call)
    return splits


def _written_split(call: ast.Call) -> set[str]:
    """The split that a call names; all of them where it is not written there."""
    node = keyword(call, "split") or (call.args[1] if len(call.args) > 1 else None)
    text = constant(node) if node is not None else "train"
    return {text} if isinstance(text, str) else {*SPLIT_TITLES}


# --- images ---------------------------------------------------------------------------------------------------


def _tensor(found: Objects, look: Look) -> Outcome:
    criterion = "3c.tensor"
    images = {**{f"{split} set": value for split, value in look.items.items()}}
    images |= {f"{name} loader": value for name, value in look.batches.items()}
    if not images:
        if look.seen:
            return met(criterion, "Batches of float images reached the network.")
        if not found.datasets and _written(found):
            return _tensor_by_source(found)
        reasons = "; ".join(sorted(set(look.failures.values()))) or "there is no data set"
        return not_met(criterion, f"No image could be fetched: {reasons}.")
    for split, title in SPLIT_TITLES.items():
        # a collate function may convert what the data set does not
        value = look.batches.get(split) or look.items.get(split)
        if value is None or _waits_for_loader(look, split):
            continue
        if value.kind != "tensor":
            return not_met(criterion, f"An image of the {title} set is a {_kind(value)}.")
        if not str(value.data.get("dtype", "")).startswith(("float", "bfloat")):
            return not_met(criterion, f"Images of the {title} set are {value.data.get('dtype')} tensors.")
    shape = next(iter(images.values())).shape
    return met(criterion, f"Images are float tensors, e.g. of shape {shape}.")


def _waits_for_loader(look: Look, split: str) -> bool:
    """Whether a split has no loader, and the loader of another one converts what the data set does not."""
    if split in look.batches or f"batch:{split}" in look.failures:
        return False
    delivered = [name for name, batch in look.batches.items() if batch.kind == "tensor" and name in look.items]
    return any(look.items[name].kind != "tensor" for name in delivered)


def _kind(value: Value) -> str:
    return {"image": "PIL image", "ndarray": "NumPy array"}.get(value.kind, value.kind)


def _tensor_by_source(found: Objects) -> Outcome:
    if any(calls(cell.tree, "ToTensor", "to_tensor", "ToDtype", "ConvertImageDtype") for cell in found.cells):
        return met("3c.tensor", "The source converts images to tensors.")
    return not_met("3c.tensor", "The source does not convert images to tensors.")


def sizes(look: Look) -> set[tuple[int, int]]:
    """Height and width of the images that data sets, loaders and networks were seen with."""
    found = set()
    for value in (*look.items.values(), *look.batches.values()):
        if value.kind == "image":
            width, height = value.data.get("size") or (0, 0)
            found.add((int(height), int(width)))
        elif value.shape is not None:
            found.add(_extent(value.shape))
    return found


def _extent(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of an image (…, C, H, W), or (…, H, W, C) as arrays of pictures have it."""
    pixels = len(shape) > 2 and shape[-1] in {1, 3} and shape[-3] not in {1, 3}
    return (shape[-3], shape[-2]) if pixels else (shape[-2], shape[-1])


def _size(found: Objects, look: Look) -> Outcome:
    criterion = "3c.size"
    seen = sizes(look)
    images = {(shape[-2], shape[-1]) for shape in look.seen if shape[0] in {1, 3}}
    probable = {size for size in images if look.batches or not seen}
    everything = seen | {size for size in probable if size in seen or _resized_later(found)}
    if not everything:
        if _written(found):
            return _size_by_source(found)
        return not_met(criterion, "No image could be fetched.")
    wrong = sorted(size for size in everything if size != (IMAGE_SIZE, IMAGE_SIZE))
    if not wrong:
        return met(criterion, "Images are 32×32.")
    height, width = max(wrong)
    saw = f"Images are {height}×{width} instead of 32×32."
    if max(height, width) > IMAGE_SIZE:
        return not_met(criterion, saw)
    return not_met(criterion, saw, variant="smaller")


def _resized_later(found: Objects) -> bool:
    return any(calls(cell.tree, "interpolate", "resize", "Resize", "upsample", "Upsample") for cell in found.cells)


def _size_by_source(found: Objects) -> Outcome:
    """Judges ``Resize`` calls where no image could be fetched."""
    for cell in found.cells:
        for call in calls(cell.tree, "Resize"):
            numbers = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
            whole = [number for number in numbers if isinstance(number, int)]
            if whole and max(whole) != IMAGE_SIZE:
                variant = "" if max(whole) > IMAGE_SIZE else "smaller"
                return not_met("3c.size", f"The source resizes images to {max(whole)}.", variant=variant)
    return met("3c.size", "The source does not resize the images.")


# --- loaders --------------------------------------------------------------------------------------------------


def _by_hand(student: Student) -> bool:
    """Whether something was learned from batches that no loader delivered."""
    trace = student.find(whole_trace)
    return not trace.of("batch") and bool(trace.of("backward")) and bool(trace.of("forward"))


def _train_loader(student: Student, role: Roles) -> Outcome:
    criterion = "3c.train-loader"
    loader = role.train
    if loader is None:
        if _by_hand(student):
            return review(criterion, "There is no DataLoader; batches are cut by hand.")
        return not_met(criterion, "No loader over the training set was found.")
    if role.swapped:
        return carried(criterion, "3c", f"{loader.title} runs over what was taken for the training set.")
    splits = loader.dataset.splits if loader.dataset else frozenset()
    size = _batch_size(student, loader)
    if not splits & {"train", "extra"}:
        if loader.dataset is not None and not splits:
            return review(criterion, f"What {loader.title} runs over was not recognised as SVHN.")
        if splits and not student.find(objects).of_split("train"):
            return carried(criterion, "3c", f"{loader.title} runs over what was taken for the training set.")
        return not_met(criterion, f"{loader.title} runs over the split {', '.join(sorted(splits)) or 'unknown'}.")
    saw = f"{loader.title} delivers batches of {size} of the training set."
    length = loader.dataset.length if loader.dataset else None
    # a batch of 512 is reasonable, also where a stand-in holds less
    if size is None or not 2 <= size <= MAX_BATCH or size == length:
        return not_met(criterion, saw)
    return met(criterion, saw)


def _batch_size(student: Student, loader: Loader) -> int | None:
    if loader.batch_size is not None:
        return loader.batch_size
    image = student.find(look_at_data).batches.get("train")
    return image.shape[0] if image is not None and image.shape and len(image.shape) == 4 else None


def _shuffle(student: Student, role: Roles, look: Look) -> Outcome:
    criterion = "3c.shuffle"
    if role.train is None:
        if _by_hand(student):
            return review(criterion, "There is no DataLoader; batches are cut by hand.")
        return not_met(criterion, "There is no training loader.")
    shuffles = role.train.shuffle
    if not shuffles and (role.train.sampler not in {"SequentialSampler", ""} or role.train.batch_size is None):
        shuffles = len(look.orders) == 2 and look.orders[0] != look.orders[1]
    if shuffles:
        return met(criterion, f"{role.train.title} shuffles.")
    return not_met(criterion, f"{role.train.title} delivers the images in the same order in every epoch.")


def _test_loader(student: Student, found: Objects, role: Roles) -> Outcome:
    criterion = "3c.test-loader"
    loader = role.test
    if loader is None:
        if role.train is None and _by_hand(student):
            return review(criterion, "There is no DataLoader; batches are cut by hand.")
        return _stray_test_loader(student, found, role)
    splits = loader.dataset.splits if loader.dataset else frozenset()
    if role.swapped:
        return carried(criterion, "3c", f"{loader.title} runs over what was taken for the test set.")
    if "test" in splits:
        return met(criterion, f"{loader.title} runs over the test set.")
    return _not_over_test(criterion, found, loader)


def _stray_test_loader(student: Student, found: Objects, role: Roles) -> Outcome:
    others = [loader for loader in found.loaders if loader != role.train]
    if others:
        return _not_over_test("3c.test-loader", found, others[-1])
    if any(cell.status == "error" for cell in student.notebook.code_cells) and _written_test_loader(found):
        return met("3c.test-loader", "The source makes a loader over the test set where the notebook did not get to.")
    return not_met("3c.test-loader", "No loader over the test set was found.")


def _written_test_loader(found: Objects) -> bool:
    """Whether a function makes a loader of something called a test set."""
    return any(
        "test" in ast.unparse(call).lower()
        for cell in found.cells
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.FunctionDef)
        for call in calls(node, "DataLoader")
    )


def _not_over_test(criterion: str, found: Objects, loader: Loader) -> Outcome:
    if not found.of_split("test") and loader.dataset and loader.dataset.length:
        return carried(criterion, "3c", f"{loader.title} runs over what was taken for the test set.")
    splits = ", ".join(sorted(loader.dataset.splits)) if loader.dataset else ""
    return not_met(criterion, f"{loader.title} runs over the split {splits or 'unknown'}, not over the test set.")
