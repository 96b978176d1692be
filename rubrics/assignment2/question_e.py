"""2(e): Elman network, h^s = g(W1 x^s + Wr h^{s-1}), z^s = W2 h^s."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from grader.probe import expr
from grader.scoring import Outcome, Student, carried, met, not_met, review
from rubrics.assignment2 import elman
from rubrics.assignment2.asking import width_of
from rubrics.assignment2.behaviour import Behaviour, observed
from rubrics.assignment2.explaining import output_of_input
from rubrics.assignment2.facts import ask, facts
from rubrics.assignment2.heads import Fit
from rubrics.assignment2.network import find_network, network_classes
from rubrics.assignment2.recurrent import Network
from rubrics.assignment2.stepwise import loop_outcome_of_steps
from rubrics.trace import whole_trace

_NAMES = ("input", "recurrent", "output", "recurrence", "activation", "batch")
_ONE_INPUT = {elman.FIRST_ALWAYS, elman.LAST_ALWAYS, elman.FIRST_ONCE}
_NO_MATRIX = {elman.NO_MATRIX, elman.ELEMENTWISE}
_IN_ORDER = {elman.RIGHT, *_NO_MATRIX, elman.NO_INPUT_MATRIX, elman.OUTSIDE_X, elman.OUTSIDE_H, *_ONE_INPUT}


def elman_network(student: Student) -> Iterator[Outcome]:
    """2(e): every criterion."""
    network = student.find(find_network)
    if network is None:
        kinds = network_classes(student.find(facts))
        if kinds:
            saw = f"`{kinds[-1].get('name')}` could not be instantiated"
            yield from (review(f"2e.{name}", saw) for name in _NAMES)
            return
        yield from (not_met(f"2e.{name}", "no network was found") for name in _NAMES)
        return
    if not network.layout:
        yield from _crashing(student, network)
    elif network.gated or (network.foreign and network.fit is None):
        yield from _other_kind(student, network)
    else:
        fit = network.fit
        yield from _but_mended(network, _explained(student, network, fit) if fit else _by_behaviour(student, network))


def _but_mended(network: Network, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    """The outcomes of a network in which something was put right, which is the fault."""
    mended, slip = network.mended, network.slip
    part = mended.name if mended is not None else slip.part if slip is not None else ""
    saw = mended.text if mended is not None else slip.text if slip is not None else ""
    role = _role(network, part) if slip is None or not slip.criterion else slip.criterion
    for outcome in outcomes:
        if not saw or (role and outcome.criterion != role):
            yield outcome
        elif role and (mended is not None or (slip is not None and slip.criterion)):
            yield not_met(outcome.criterion, f"{network.how}: {saw}")
        else:
            yield review(outcome.criterion, f"{network.how}: {saw}")


def _role(network: Network, part: str) -> str:
    """The criterion of the matrix that a parameter, or a layer, is; ``""`` when it is none of them."""
    names = network.fit.names if network.fit is not None else ()
    roles = ("2e.input", "2e.recurrent", "2e.output")
    fitting = (role for role, name in zip(roles, names, strict=False) if part and (name or "").startswith(part))
    return next(fitting, "")


def _names_text(fit: Fit) -> str:
    first, second, third = (name or "none" for name in fit.names)
    g = fit.activation if fit.activation not in {"", "late"} else "no activation"
    return f"W1 = {first}, Wr = {second}, W2 = {third}, g = {g}"


def _explained(student: Student, network: Network, fit: Fit) -> Iterator[Outcome]:
    saw = f"{network.how}: outputs reproduced with {_names_text(fit)}"
    if fit.recurrence == elman.NO_INPUT_MATRIX or fit.recurrence in _ONE_INPUT:
        yield not_met("2e.input", f"{network.how}: {fit.recurrence}")
    elif _of_hidden_size(student, network, fit):
        codes = f"the codes have {width_of(student)} places"
        yield not_met("2e.input", f"{network.how}: {fit.names[0]} takes K = {network.width} numbers; {codes}")
    else:
        yield met("2e.input", saw)
    yield _recurrent(student, network, fit, saw)
    yield _output(network, fit, saw)
    yield _recurrence(student, network, fit, saw)
    if not fit.activation or fit.late:
        late = " (it is only applied before the output layer)" if fit.late else ""
        yield not_met("2e.activation", f"{network.how}: the hidden state is a linear function{late}")
    elif fit.recurrence in {elman.OUTSIDE_X, elman.OUTSIDE_H}:
        yield not_met("2e.activation", f"{network.how}: {fit.recurrence}")
    else:
        yield met("2e.activation", f"{network.how}: g = {fit.activation}")
    yield _batch(student, network, fit, saw)


def _of_hidden_size(student: Student, network: Network, fit: Fit) -> bool:
    """Whether W1 is K×K, as only the hidden state is of that size."""
    into = network.params.get(fit.names[0]) if fit.names[0] else None
    return into is not None and into.shape == (network.width, network.width) and network.width != width_of(student)


def _square(params: Mapping[str, elman.Matrix]) -> list[str]:
    return [name for name, value in params.items() if value.ndim == 2 and value.shape[0] == value.shape[1] > 2]


def _shapes(network: Network) -> list[tuple[int, ...]]:
    """Of its matrices."""
    return [value.shape for value in network.params.values() if value.ndim == 2]


def _joint(network: Network) -> list[str]:
    """Matrices of input and hidden state side by side, K×(D+K) or turned."""
    shapes = {name: sorted(value.shape) for name, value in network.params.items() if value.ndim == 2}
    return [name for name, (low, high) in shapes.items() if high - low == network.width and low > 2]


def _applied(student: Student, network: Network) -> bool:
    """Whether a K×K matrix takes part in the computation."""
    squares = [*_square(network.params), *_joint(network)]
    wanted = {tuple(sorted(network.params[name].shape)) for name in squares}
    return bool(wanted & _parameters_at_work(student, network))


def _parameters_at_work(student: Student, network: Network) -> set[tuple[int, ...]]:
    """Shapes, each in rising order, of the modules' parameters that take part in the computation."""
    if network.x is None:
        return set()
    step = {
        "slot": "ops",
        "expr": expr.call(network.expr, [expr.tensor("x")]),
        "mode": [network.expr, "eval"],
        "grad": False,
        "ops": True,
        "quiet": True,
    }
    result = ask(student, [step], {"x": network.x.astype(np.float32)})["ops"]
    return {
        tuple(sorted(shape))
        for op in result.data.get("ops") or ()
        for shape, name in zip(op.get("shapes_in") or (), op.get("params") or (), strict=False)
        if name
    }


def _recurrent(student: Student, network: Network, fit: Fit, saw: str) -> Outcome:
    if fit.recurrence in _NO_MATRIX:
        return not_met("2e.recurrent", f"{network.how}: {fit.recurrence}")
    if fit.recurrence == elman.NO_TERM:
        if _applied(student, network):
            return met("2e.recurrent", f"{network.how}: Wr is applied, but to a hidden state that is always the same")
        return not_met("2e.recurrent", f"{network.how}: {fit.recurrence}")
    return met("2e.recurrent", saw)


def _output(network: Network, fit: Fit, saw: str) -> Outcome:
    if not fit.names[2]:
        if len(network.outputs) > 1 and fit.output > 0:
            return review("2e.output", f"{network.how}: its first result does not follow from W2 h")
        return not_met("2e.output", f"{network.how}: the hidden state itself, or a part of it, is returned")
    if fit.head in {"last", "all"} or "one sample" in fit.head:
        return met("2e.output", saw)
    if "flattened" in fit.head or "beside" in fit.head:
        return not_met("2e.output", f"{network.how}: {fit.head}")
    return review("2e.output", f"{network.how}: {fit.head}")


def _recurrence(student: Student, network: Network, fit: Fit, saw: str) -> Outcome:
    if network.kept:
        return not_met("2e.recurrence", f"{network.how}: the hidden state is kept from the call before")
    if network.layout == "step":
        return loop_outcome_of_steps(student, network)
    if fit.recurrence == elman.NO_TERM and not _applied(student, network):
        return review(
            "2e.recurrence",
            f"{network.how}: without Wr, no hidden state is carried; whether that is a second fault is open",
        )
    if fit.recurrence not in _IN_ORDER:
        reset = (
            "the hidden state is set to its start for every element"
            if fit.recurrence == elman.NO_TERM
            else fit.recurrence
        )
        return not_met("2e.recurrence", f"{network.how}: {reset}")
    if network.wavering or not network.steady:
        return not_met("2e.recurrence", f"{network.how}: two calls with the same input give different outputs")
    return met("2e.recurrence", saw)


def _batch(student: Student, network: Network, fit: Fit, saw: str) -> Outcome:
    if network.layout == "step":
        return _batch_of_steps(student, network, saw)
    if network.layout == "single":
        return not_met(
            "2e.batch", f"{network.how}: takes one name (S×D) at a time; a batch fails: {network.fault}".rstrip(": ")
        )
    if network.sized and not network.kept:
        return not_met("2e.batch", f"{network.how}: only batches of {network.sized} can be processed")
    if network.mixing:
        return not_met("2e.batch", f"{network.how}: samples of a batch influence each other")
    if "one sample" in fit.head and fit.time_axis == 1:
        return not_met("2e.batch", f"{network.how}: the result is that of one sample of the batch")
    if fit.time_axis == 1:
        return met("2e.batch", saw)
    if _transposed(student, network):
        return met("2e.batch", f"{network.how}: gets S×B×D, and batches are transposed for it")
    return not_met("2e.batch", f"{network.how}: the batch dimension is processed as the sequence")


def _batch_of_steps(student: Student, network: Network, saw: str) -> Outcome:
    found = student.find(facts)
    calls = [call for call in found.entries("calls") if call.get("module") == network.obj]
    sizes = {(found.value(call["inputs"][0]).shape or (0,))[0] for call in calls if call.get("inputs")}
    if sizes and max(sizes) == 1:
        return review("2e.batch", f"{network.how}: can process a batch element by element, but got single names only")
    return met("2e.batch", f"{saw}, for a whole batch at each element")


def _transposed(student: Student, network: Network) -> bool:
    """Whether the notebook hands S×B×D to the network where its batches are B×S×D."""
    trace = student.find(whole_trace)
    batches = {event.serial: event for event in trace.of("batch")}
    seen = swapped = 0
    for event in trace.of("forward"):
        batch = batches.get(int(event.get("batch") or -1))
        shapes = event.get("in_shapes") or ()
        if event.get("module") != network.obj or batch is None or not shapes or not batch.get("shapes"):
            continue
        given, had = list(shapes[0]), list(batch.get("shapes")[0])
        if len(given) == 3 and len(had) == 3 and had[0] != had[1]:
            seen += 1
            swapped += given[:2] == [had[1], had[0]]
    return seen > 0 and swapped > 0.5 * seen


# --- networks that nothing explains ------------------------------------------------------------------------------


def _other_kind(student: Student, network: Network) -> Iterator[Outcome]:
    kinds = ", ".join(
        sorted(
            network.types & {"LSTM", "GRU", "LSTMCell", "GRUCell", "Conv1d", "TransformerEncoder", "MultiheadAttention"}
        )
    )
    saw = f"{network.how} contains {kinds or 'other layers'}, which is no Elman network"
    behaviour = student.find(observed)
    for name in ("input", "recurrent", "output"):
        yield review(f"2e.{name}", saw)
    yield review("2e.recurrence", saw)
    yield review("2e.activation", saw)
    yield _behaved_batch(network, behaviour)


def _by_behaviour(student: Student, network: Network) -> Iterator[Outcome]:
    behaviour = student.find(observed)
    if output_of_input(network) and _applied(student, network):
        yield from _past_hidden(network)
        return
    shapes = _shapes(network)
    squares = bool(_square(network.params)) or any(s[1] - s[0] == network.width for s in shapes)
    how = network.how
    yield _behaved_input(network, behaviour)
    if not squares:
        yield not_met("2e.recurrent", f"{how}: no K×K parameter")
    elif behaviour.all_elements and behaviour.ordered:
        yield met("2e.recurrent", f"{how}: a K×K matrix; the output depends on earlier elements and their order")
    elif behaviour.elements and not behaviour.all_elements and _applied(student, network):
        yield met("2e.recurrent", f"{how}: a K×K matrix is applied; {behaviour.text}")
    else:
        yield review("2e.recurrent", f"{how}: {behaviour.text}")
    yield _behaved_output(student, network, behaviour)
    yield _behaved_recurrence(network, behaviour)
    if behaviour.linear is None:
        yield review("2e.activation", f"{how}: could not be told")
    elif behaviour.linear:
        yield not_met("2e.activation", f"{how}: the output is a linear function of the input")
    else:
        yield met("2e.activation", f"{how}: the output is not linear in the input")
    yield _behaved_batch(network, behaviour)


def _past_hidden(network: Network) -> Iterator[Outcome]:
    """The output layer is applied to the input: what the hidden layer does is not seen in the results."""
    saw = f"{network.how}: the output layer is applied to the input, not to the hidden state"
    for name in ("input", "recurrent"):
        yield met(f"2e.{name}", f"{saw}; the matrices take part")
    yield not_met("2e.output", saw)
    for name in ("recurrence", "activation"):
        yield carried(f"2e.{name}", "2e", saw)
    yield met("2e.batch", saw)


def _behaved_input(network: Network, behaviour: Behaviour) -> Outcome:
    how, width = network.how, network.width
    shapes = _shapes(network)
    if not any(width in shape or shape[1] - shape[0] == width for shape in shapes):
        return not_met("2e.input", f"{how}: no parameter takes D = {width} inputs")
    if _to_one_number(network):
        return not_met("2e.input", f"{how}: D = {width} inputs become one number, the same for all hidden units")
    if behaviour.elements and behaviour.all_elements:
        return met("2e.input", f"{how}: the output depends on every element")
    if behaviour.elements:
        # elements that do not reach the output are the recurrence's fault
        return met("2e.input", f"{how}: a D×K matrix; {behaviour.text}")
    return review("2e.input", f"{how}: {behaviour.text}")


def _to_one_number(network: Network) -> bool:
    """Whether the only matrices that the inputs fit are 1×D, beside a K×K matrix of another size."""
    hidden = {network.params[name].shape[0] for name in _square(network.params)}
    shapes = _shapes(network)
    into = [shape for shape in shapes if network.width in shape]
    return bool(into and hidden) and network.width not in hidden and all(min(shape) == 1 for shape in into)


def _behaved_output(student: Student, network: Network, behaviour: Behaviour) -> Outcome:
    shapes = _shapes(network)
    sizes = {size for shape in shapes for size in shape}
    last = network.outputs[0].shape[-1] if network.outputs and network.outputs[0].ndim > 1 else 1
    hidden = {network.params[name].shape[0] for name in _square(network.params)}
    wanted = {(min(last, size), max(last, size)) for size in hidden}
    at_work = _parameters_at_work(student, network) if hidden and not network.plain else set()
    seen_into = any(network.width in shape for shape in at_work)
    if seen_into and last not in hidden and not any(last in shape for shape in at_work):
        shown = " or ".join("×".join(map(str, shape)) for shape in sorted(wanted))
        return not_met("2e.output", f"{network.how}: no parameter of {shown} takes part in {last} output(s)")
    if (last <= 2 or last in sizes) and behaviour.elements:
        return met("2e.output", f"{network.how}: {last} output(s)")
    return review("2e.output", f"{network.how}: {behaviour.text}")


def _behaved_recurrence(network: Network, behaviour: Behaviour) -> Outcome:
    how = network.how
    if not network.steady and not _square(network.params) and behaviour.all_elements:
        return met("2e.recurrence", f"{how}: every element has an effect; calls differ, since no K×K parameter is kept")
    if not network.steady:
        return not_met("2e.recurrence", f"{how}: two calls with the same input give different outputs")
    if behaviour.elements and not behaviour.all_elements:
        return not_met("2e.recurrence", f"{how}: {behaviour.text}")
    if behaviour.all_elements and behaviour.ordered:
        return met("2e.recurrence", f"{how}: the output depends on every element and on their order")
    if behaviour.all_elements and behaviour.ordered is False:
        return not_met("2e.recurrence", f"{how}: the order of the elements does not matter")
    return review("2e.recurrence", f"{how}: {behaviour.text or 'could not be examined'}")


def _behaved_batch(network: Network, behaviour: Behaviour) -> Outcome:
    how = network.how
    if network.layout == "single":
        return not_met("2e.batch", f"{how}: takes one name (S×D) at a time")
    if behaviour.independent is False:
        return not_met("2e.batch", f"{how}: samples of a batch influence each other")
    first = network.outputs[0].shape if network.outputs else ()
    batch = len(network.x) if network.x is not None else 0
    if behaviour.independent and batch in first[:2]:
        return met("2e.batch", f"{how}: samples of a batch do not influence each other")
    if first and batch not in first[:2]:
        return not_met("2e.batch", f"{how}: a batch of {batch} gives {'×'.join(map(str, first))}")
    return review("2e.batch", f"{how}: {behaviour.text or 'could not be examined'}")


def _crashing(student: Student, network: Network) -> Iterator[Outcome]:
    """A network whose forward fails: what its parameters and source still show."""
    saw = f"{network.how}: a batch B×S×D fails with {network.fault}"
    kinds = {str(kind.get("name")): str(kind.get("source")) for kind in student.find(facts).entries("classes")}
    source = next((text for name, text in kinds.items() if name in network.how), "")
    if not re.search(r"def forward\s*\(", source):
        yield from (not_met(f"2e.{name}", f"{network.how} has no forward") for name in _NAMES)
        return
    yield from (review(f"2e.{name}", saw) for name in _NAMES)
