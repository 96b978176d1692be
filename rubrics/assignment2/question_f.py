"""2(f): training of the Elman network on the names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment2.data import classes_of, find_data_set
from rubrics.assignment2.facts import cell_name, facts
from rubrics.assignment2.judged_accuracy import accuracy_outcomes
from rubrics.assignment2.network import find_network
from rubrics.assignment2.runs import Training, find_training, network_lost
from rubrics.assignment2.sizes import instantiated, without_value, wrongly_made
from rubrics.assignment2.uncalled import find_uncalled
from rubrics.averages import loss_of
from rubrics.loop import examine_loop, loop_outcome
from rubrics.losses import OF_ONE, RIGHT_FOR_BINARY, RIGHT_FOR_CLASSES, WITHOUT_SIGMOID, LossSeen, directed
from rubrics.optimizers import left_out, maximising
from rubrics.put_right import refuses_logits, wants_more_outputs
from rubrics.trace import whole_trace
from rubrics.training import TrainingRun

_NAMES = ("setup", "data", "loss", "consistent", "loop", "accuracy", "normalization", "report")


def network_training(student: Student) -> Iterator[Outcome]:
    """2(f): every criterion."""
    training = student.find(find_training)
    elsewhere = training.run is not None and not training.repaired and training.run.network is not None
    if elsewhere and student.find(find_network) is None and student.find(find_data_set) is None:
        yield from _absent(student)  # another network was trained, on something else
        return
    if not training.written and training.run is None:
        yield from _absent(student)
        return
    yield _setup(student, training)
    yield _data(student, training)
    yield from _losses(student, training)
    yield _loop(student, training)
    yield from accuracy_outcomes(student, training)


_CODES = ("letters", "hyphen", "size", "case", "available")


def _absent(student: Student) -> Iterator[Outcome]:
    """No training: at most the network and the data may be there."""
    saw = "no training was found"
    if student.find(find_network) is None and student.find(find_data_set) is None:
        yield from (not_met(f"2f.{name}", saw) for name in _NAMES)
        return
    training = student.find(find_training)
    yield _setup(student, training)
    yield _data(student, training)
    for name in _NAMES[2:]:
        yield not_met(f"2f.{name}", saw, detail="it is missing" if name == "loop" else "")


# --- network and data -----------------------------------------------------------------------------------------


def _setup(student: Student, training: Training) -> Outcome:
    uncalled = student.find(find_uncalled)
    if uncalled is not None and (training.run is None or training.repaired):  # else a later cell has made up for it
        return not_met("2f.setup", uncalled.saw)
    network = student.find(find_network)
    sizes = [name for name in training.defined if re.search(r"^[kcohd]$|hid|out|class|units|neuron|size|dim|K|C", name)]
    if training.defined and not _instances(student) and sizes:
        return not_met(
            "2f.setup", f"{', '.join(f'`{name}`' for name in sizes)} has no value where the network is instantiated"
        )
    broken = training.broken
    if broken is not None and broken.error_name == "NameError" and not _instances(student):
        name = re.search(r"name '(\w+)'", broken.error_message)
        if name and re.search(r"^[A-Za-z]$|hid|out|class|unit|size|dim", name.group(1), re.IGNORECASE):
            return not_met("2f.setup", f"{cell_name(broken.index)}: {broken.error_message}")
    unknown = without_value(student) if not _instances(student) else ""
    if unknown:
        return not_met("2f.setup", unknown)
    if broken is not None and not _instances(student) and wrongly_made(student, broken):
        return not_met("2f.setup", f"{cell_name(broken.index)}: {broken.error_message}")
    if _instances(student):
        return met("2f.setup", f"{network.how if network is not None else 'the network'} is instantiated")
    if network is None:
        return not_met("2f.setup", "no network is instantiated")
    called = training.run is not None and "network" not in training.replaced
    if called and broken is not None and not sizes:
        return met("2f.setup", "the network is instantiated once earlier cells work")
    if broken is not None and network_lost(student):
        return carried(
            "2f.setup", "2e", f"{cell_name(broken.index)}: {broken.error_name}: {broken.error_message[:100]}"
        )
    earlier = "2d" if student.lost("2d.len") else "2c" if any(student.lost(f"2c.{name}") for name in _CODES) else ""
    failed = broken or next((cell for cell in student.notebook.code_cells if cell.status == "error"), None)
    if failed is not None and earlier and instantiated(student):
        saw = f"the network is instantiated behind what failed in {cell_name(failed.index)}"
        return carried("2f.setup", earlier, saw)
    fault = f": {broken.error_name}: {broken.error_message[:100]}" if broken is not None else ""
    return not_met("2f.setup", f"the network is never instantiated with its sizes{fault}")


def _instances(student: Student) -> bool:
    """Whether the notebook holds or called an instance of a network with parameters."""
    network = student.find(find_network)
    return network is not None and not network.constructed


def _data(student: Student, training: Training) -> Outcome:
    trace = student.find(whole_trace)
    given = student.find(find_data_set)
    if given is not None and given.misfed:
        return not_met("2f.data", f"`{given.type_name}` is not made with the names: what it encodes are two words only")
    batches = [event for event in trace.of("forward") if event.get("batch") is not None]
    if batches:
        shape = "×".join(str(size) for size in (batches[0].get("in_shapes") or [[0]])[0])
        return met("2f.data", f"batches of {shape} reach the network")
    if training.run is not None and not training.repaired and training.run.network is None:
        sizes = [int(event.get("size") or 0) for event in training.run.events("batch")]
        if sizes and training.run.events("loss"):  # a network that is no module is not seen being called
            return met("2f.data", f"the loader's batches of {max(sizes)} reach the loss")
    if training.run is not None and not training.repaired:
        sizes = [
            shapes[0][0] for event in training.run.events("forward") if (shapes := event.get("in_shapes")) and shapes[0]
        ]
        if sizes and max(sizes) > 1:
            return met("2f.data", f"batches of {max(sizes)} made by hand reach the network")
        return review("2f.data", "no loader: names reach the network one by one")
    if training.run is not None and "names" in training.replaced and training.run.events("forward"):
        fault = training.broken
        said = f"{cell_name(fault.index)}: {fault.error_name}: {fault.error_message[:100]}" if fault else "nothing ran"
        return carried("2f.data", "2c", f"{said}; {training.repaired}, batches reach the network")
    data = student.find(find_data_set)
    if data is None:
        return not_met("2f.data", "no data set reaches the network")
    own = training.own_data
    if own is not None and any(event.get("batch") is not None for event in own.trace.of("forward")):
        return met("2f.data", "batches reach the network once the missing names are defined")
    return _data_fault(student, training)


def _data_fault(student: Student, training: Training) -> Outcome:
    """Nothing reached the network: was it the way the data set and loader were made, or an earlier fault?"""
    errors = _errors(training)
    first = next((error for error in errors if _concerns_data(student, error)), errors[0] if errors else None)
    saw = f"{first.get('type')}: {str(first.get('message'))[:120]}" if first else "no batch reached the network"
    found = student.find(facts)
    loaders = [loader for loader in found.entries("loaders") if _is_data(student, loader.get("dataset"))]
    own = training.own_data
    iterated = own is not None and any(event.kind == "iter" for event in own.trace.events)
    batches = own is not None and bool(own.trace.of("batch"))
    lost = [name for name in ("item", "padding", "encoding", "target") if student.lost(f"2d.{name}")]
    broken = training.broken
    unmade = broken is not None and (wrongly_made(student, broken) or "Module.__init__" in broken.error_message)
    if found.entries("loaders") and broken is not None and unmade:
        return met("2f.data", f"data set and loader are initialised; then {broken.error_message[:100]}")
    if batches and network_lost(student):
        return carried("2f.data", "2e", f"the loader delivers batches, and the network fails: {saw}")
    uncoded = any(student.lost(f"2c.{name}") for name in ("hyphen", "case", "letters", "available"))
    if (loaders or iterated) and (lost or uncoded):
        return carried("2f.data", "2d" if lost else "2c", f"data set and loader are initialised; then {saw}")
    if batches:
        return met("2f.data", f"the loader delivers batches; then {saw}")
    if (
        student.lost("2d.len")
        and "type 'type'" not in saw
        and first is not None
        and (re.search(r"\blen\b|__len__|num_samples", str(first.get("message"))) or _behind_the_end(first))
    ):
        return carried("2f.data", "2d", f"data set and loader are written; then {saw}")
    if first is None and not classes_of(student):
        return not_met("2f.data", "no data set reaches the network")
    return not_met("2f.data", saw)


def _behind_the_end(error: Mapping[str, Any]) -> bool:
    """Whether an item was asked for that is not there."""
    return error.get("type") == "IndexError" or (
        error.get("type") == "KeyError" and str(error.get("message")).strip().isdigit()
    )


def _errors(training: Training) -> list[Mapping[str, Any]]:
    errors: list[Mapping[str, Any]] = list(training.own_data.errors) if training.own_data is not None else []
    if training.broken is not None:
        errors.append({"type": training.broken.error_name, "message": training.broken.error_message})
    return errors


def _concerns_data(student: Student, error: Mapping[str, Any]) -> bool:
    text = f"{error.get('type')} {error.get('message')}"
    names = [str(kind.get("name")) for kind in classes_of(student)]
    return any(
        name in text for name in (*names, "__init__", "dataset", "has no len", "DataLoader", "num_samples", "stack")
    )


def _is_data(student: Student, number: Any) -> bool:
    found = student.find(facts)
    return any(entry.get("obj") == number and entry.get("length") for entry in found.entries("datasets"))


# --- loss -----------------------------------------------------------------------------------------------------


def _losses(student: Student, training: Training) -> Iterator[Outcome]:
    seen = loss_of(training.run) if training.run is not None else None
    seen = directed(seen, maximised=maximising(student.find(facts).entries("optimizers")))
    named = named_loss(student.answers.get("2b"))
    if training.broken is not None and refuses_logits(training.broken.error_message):
        seen = LossSeen(WITHOUT_SIGMOID, 1, "binary_cross_entropy refuses what the network gives")
    if training.broken is not None and wants_more_outputs(training.broken.error_message):
        seen = LossSeen(OF_ONE, 1, training.broken.error_message[:100])
    if seen is None or (seen.form == "unknown" and training.replaced):
        yield from _losses_by_source(training, named)
        return
    if "network" in training.replaced:
        # the stand-in delivers plain logits: what the student's own network hands over is not seen
        seen = LossSeen(_form_of_own(student, seen.form), seen.outputs, f"{seen.saw} (plain network)")
    where = training.run.where if training.run is not None else ""
    saw = f"{where}: {seen.saw}"
    if seen.form in {RIGHT_FOR_BINARY, RIGHT_FOR_CLASSES}:
        yield met("2f.loss", saw)
    elif seen.form == "unknown":
        yield review("2f.loss", saw)
    elif seen.form == "binary cross-entropy of each class":
        yield review("2f.loss", f"{saw}: {seen.form}")
    else:
        yield not_met("2f.loss", f"{saw}: {seen.form}")
    yield _consistent(kind_of(seen.form), named, saw)


def _form_of_own(student: Student, form: str) -> str:
    """The loss when the student's own network hands its outputs over, which may end with a sigmoid."""
    network = student.find(find_network)
    if form != WITHOUT_SIGMOID or (network is not None and network.fit is not None and not network.fit.end):
        return form
    return RIGHT_FOR_BINARY if network is not None and network.fit is not None else "unknown"


def kind_of(form: str) -> str:
    """``binary``, ``categorical`` or another kind of loss."""
    if form.startswith("binary"):
        return "binary"
    if form.startswith(("cross-entropy", "negative log")):
        return "categorical"
    return "squares" if "square" in form else form


def _consistent(kind: str, named: frozenset[str], saw: str) -> Outcome:
    if not named:
        return met("2f.consistent", f"{saw}; 2(b) names no loss")
    names = {"binary": "binary cross-entropy", "categorical": "categorical cross-entropy", "squares": "squared error"}
    wanted = " or ".join(names.get(name, name) for name in sorted(named))
    if kind in named or (kind in {"binary", "categorical"} and "any" in named):
        return met("2f.consistent", f"2(b) names {wanted.replace('any', 'cross-entropy')}")
    if kind == "unknown":
        return review("2f.consistent", f"{saw}; 2(b) names {wanted}")
    return not_met(
        "2f.consistent",
        f"2(b) names {wanted.replace('any', 'cross-entropy')}, the training uses {names.get(kind, kind)}",
    )


def named_loss(answer: Any) -> frozenset[str]:
    """The losses that 2(b) names: ``binary``, ``categorical``, ``squares``; ``any`` for a bare cross-entropy."""
    text = str(answer or "").lower().replace("-", " ").replace("_", " ")
    found = set()
    if re.search(r"\bbce|binary|bin[äa]re?\b|logistic|logistisch|zwei klassen kreuz", text):
        found.add("binary")
    if re.search(r"categor|kategori|multi ?class|mehrklassen|crossentropyloss|softmax|nll|negative log", text):
        found.add("categorical")
    if re.search(r"squared|\bmse|quadrat|\bl2\b", text):
        found.add("squares")
    if not found and re.search(r"cross ?entrop|kreuz ?entrop", text):
        two = re.search(
            r"two (output|logit|neuron|class)|zwei (ausg|logit|neuron|klass)|2 (output|logit|neuron)|argmax", text
        )
        one = re.search(
            r"sigmoid|one (output|logit|neuron)|single|ein(en|e|em)? (ausg|logit|neuron)|1 (output|logit|neuron)", text
        )
        found.add("categorical" if two and not one else "binary" if one and not two else "any")
    return frozenset(found)


def _losses_by_source(training: Training, named: frozenset[str]) -> Iterator[Outcome]:
    source = training.source
    patterns = (
        (r"BCEWithLogits|binary_cross_entropy_with_logits", "binary"),
        (r"BCELoss|binary_cross_entropy\(", "binary"),
        (r"CrossEntropyLoss|\bcross_entropy\(|NLLLoss|nll_loss", "categorical"),
        (r"MSELoss|mse_loss", "squares"),
    )
    kind = next((kind for pattern, kind in patterns if re.search(pattern, source)), "")
    if not kind:
        yield not_met("2f.loss", "no loss was found")
        yield not_met("2f.consistent", "no loss was found")
        return
    saw = "by the source, since the training did not run"
    yield not_met("2f.loss", f"{saw}: squared error") if kind == "squares" else review("2f.loss", saw)
    yield _consistent(kind, named, saw)


# --- loop -----------------------------------------------------------------------------------------------------


def _loop(student: Student, training: Training) -> Outcome:
    run = training.run
    if run is None:
        if not re.search(r"\bfor\b|\bwhile\b", training.source):
            return not_met("2f.loop", "no loop was found", detail="it is missing")
        return review("2f.loop", "the training did not run, and could not be made to run")
    verdict = examine_loop(run)
    zero, step = verdict.zero, verdict.step
    if verdict.wrong_parameters and not step:
        step = "the optimizer moves other parameters than the network's"
    lacking = _not_moved(student, training) if not step else []
    if lacking:
        step = f"the optimizer leaves out {', '.join(lacking[:4])}"
    if step and not lacking and not verdict.wrong_parameters and _by_hand(training.source):
        step = ""
    backward = verdict.backward
    if backward and not run.events("backward") and _FUNCTIONAL.search(training.source):
        # gradients that are returned replace no earlier ones, and nothing has to be zeroed
        zero, backward = "", ""
        step = step if not run.events("step") and not _MOVED.search(training.source) else ""
    faults = [text for text in (zero, backward, step) if text]
    if len(run.epochs) == 1 and not _interrupted(training):
        faults.append("only one epoch")
    saw = f"{training.repaired}: {verdict.saw}" if training.repaired else verdict.saw
    return loop_outcome("2f.loop", faults, saw)


def _not_moved(student: Student, training: Training) -> list[str]:
    """Matrices of the network that none of the optimizers that made steps holds."""
    run = training.run
    if run is None or "network" in training.replaced:
        return []
    if training.repaired:
        return _left_out(run)
    found = student.find(facts)
    made = {event.get("optimizer") for event in run.events("step")}
    entries = [entry for entry in found.entries("optimizers") if entry.get("obj") in made]
    modules = found.entries("modules")
    network = next((module for module in modules if module.get("obj") == run.network), {})
    matrices = {str(one.get("name")) for one in network.get("parameters") or () if len(one.get("shape") or ()) > 1}
    lacking = left_out(modules, run.network, entries) if len(entries) == len(made) else []
    return [name for name in lacking if name in matrices]


def _left_out(run: TrainingRun) -> list[str]:
    """The same for a training that was run again, by what the recorder counted at its last step."""
    for event in reversed(run.events("step")):
        left = dict(zip(event.get("modules") or (), event.get("left_out") or (), strict=False))
        count = int(left.get(run.network) or 0)
        return [f"{count} matrices"] if count else []
    return []


_FUNCTIONAL = re.compile(r"autograd\.grad\(|grad_and_value\(|\bfunc\.grad\(|\bvjp\(|(?<![.\w])grad\(")
_MOVED = re.compile(r"-=|\.sub_\(|\.copy_\(|\.data\s*=|\.add_\(|-\s*\w+\s*\*")


def _by_hand(source: str) -> bool:
    """Whether parameters are moved without an optimizer."""
    return (
        bool(re.search(r"\.grad\b", source) and re.search(r"-=|\.sub_\(|\.copy_\(|\.data\s*=", source))
        and "optim." not in source
    )


def _interrupted(training: Training) -> bool:
    return any(cell.status in {"timeout", "killed"} for cell in training.cells)
