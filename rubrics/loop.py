"""Whether a training zeroes, back-propagates and steps in the right order, for every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.scoring import Outcome, met, not_met, partial
from rubrics.trace import Event, Pass
from rubrics.training import TrainingRun


@dataclass(frozen=True)
class LoopVerdict:
    """Faults of a training loop.

    Attributes:
        zero: What is wrong with zeroing the gradients, or ``""``.
        backward: What is wrong with back-propagation, or ``""``.
        step: What is wrong with the optimizer's steps, or ``""``.
        wrong_parameters: Whether the optimizer moves something else than the network.
        saw: A sentence with the counts.
    """

    zero: str = ""
    backward: str = ""
    step: str = ""
    wrong_parameters: bool = False
    saw: str = ""

    @property
    def faults(self) -> tuple[str, ...]:
        """The texts of all faults, for the comment."""
        return tuple(text for text in (self.zero, self.backward, self.step) if text)


def loop_outcome(criterion: str, faults: Sequence[str], saw: str) -> Outcome:
    """Half a point of one and a half off for each fault; nothing left with three or more."""
    if not faults:
        return met(criterion, saw)
    detail = "; ".join(faults)
    if len(faults) >= 3:
        return not_met(criterion, saw, detail=detail)
    return partial(criterion, (3 - len(faults)) / 3, saw, detail=detail)


def examine_loop(run: TrainingRun) -> LoopVerdict:
    """Judges the order of zeroing, back-propagation and steps of a training.

    ``wrong_parameters`` is reported apart from the faults, since assignments charge it differently.
    """
    batches = sum(_batch_count(one) for one in run.passes)
    events = _loop_events(run)
    backwards = [event for event in events if event.kind == "backward"]
    steps = [event for event in events if event.kind == "step"]
    saw = (
        f"{run.where}: {len(run.epochs)} epoch(s), {batches} batches, {len(backwards)} times backward, "
        f"{len(steps)} steps"
    )
    wrong = bool(steps) and run.network is not None and not any(_moves(event, run) for event in steps)
    filled = _filled(run, steps)
    backward = "" if filled else _backward_fault(run, backwards, batches)
    step = _step_fault(run, events, batches, bool(backward))
    # what the optimizer zeroes then are not the gradients that add up; gradients that are filled in replace older ones
    zero = "" if filled or (wrong and run.events("zero")) else _zero_fault(run, events)
    if zero.startswith("gradients are zeroed between") and step:
        step = ""
    return LoopVerdict(zero, backward, step, wrong, saw)


def _filled(run: TrainingRun, steps: Sequence[Event]) -> bool:
    """Whether the optimizer has gradients that no ``backward`` made: those of ``autograd.grad`` or ``torch.func``."""
    if any(event.serial <= run.epochs[-1].training.stop for event in run.trace.of("backward")):
        return False
    moving = [event for event in steps if _moves(event, run)]
    return sum(bool(event.get("has_grad")) for event in moving) > 0.5 * max(1, len(steps))


def _loop_events(run: TrainingRun) -> list[Event]:
    kinds = {"batch", "forward", "backward", "zero", "step"}
    last = run.epochs[-1].training.stop
    return [
        event
        for event in run.trace.events
        if event.kind in kinds and run.start - 1 <= event.serial <= last and _concerns(event, run)
    ] + _after(run, last)


def _after(run: TrainingRun, last: int) -> list[Event]:
    """The steps and zeroings that follow the last batch at once."""
    found = []
    for event in run.trace.events:
        if event.serial <= last:
            continue
        if event.kind not in {"backward", "zero", "step", "iter", "print"}:
            break
        if event.kind in {"backward", "zero", "step"}:
            found.append(event)
    return found


def _concerns(event: Event, run: TrainingRun) -> bool:
    if event.kind == "forward":
        return event.get("module") == run.network and bool(event.get("grad", True))
    return True


def _moves(step: Event, run: TrainingRun) -> bool:
    return run.network in (step.get("modules") or ())


def _batch_count(one: Pass) -> int:
    return len(one.of("batch")) or len(one.of("loss")) or len(one.of("forward"))


def _backward_fault(run: TrainingRun, backwards: Sequence[Event], batches: int) -> str:
    if not backwards:
        return "the loss is never back-propagated"
    if not any(event.get("grad_fn") for event in backwards):
        return "the loss that is back-propagated is detached from the network"
    if len(backwards) < 0.5 * batches and len(backwards) <= len(run.epochs) + 1:
        return "the loss is back-propagated only once an epoch"
    return ""


def _step_fault(run: TrainingRun, events: Sequence[Event], batches: int, no_backward: bool) -> str:
    steps = [event for event in events if event.kind == "step"]
    if not steps:
        return "the optimizer makes no step"
    if len(steps) < 0.5 * batches and len(steps) <= len(run.epochs) + 1:
        return "the optimizer makes a step only once an epoch"
    moving = [event for event in steps if _moves(event, run)] or steps
    empty = [event for event in moving if event.get("has_grad") is False]
    useless = len(empty) > 0.5 * len(moving) or not any(_moves(event, run) for event in steps)
    if no_backward or not useless:
        return ""
    if _order(events) == "step before backward":
        return "the optimizer makes its step before the loss is back-propagated"
    return ""


def _cycles(events: Sequence[Event]) -> list[str]:
    """For every batch, the order of forward (f), backward (b), zero (z) and step (s)."""
    cycles: list[str] = []
    letters = {"forward": "f", "backward": "b", "zero": "z", "step": "s"}
    has_batches = any(event.kind == "batch" for event in events)
    current = ""
    for event in events:
        begins = event.kind == "batch" if has_batches else event.kind == "forward" and "s" in current + "b"
        if begins and current:
            cycles.append(current)
            current = ""
        if event.kind in letters:
            current += letters[event.kind]
    return [*cycles, current] if current else cycles


def _order(events: Sequence[Event]) -> str:
    """The usual order of a batch's events: which known mistake it is, or ``""``."""
    cycles = _cycles(events)
    whole = [cycle for cycle in cycles if "b" in cycle and "s" in cycle]
    if not whole:
        return ""
    cleared = sum("z" in cycle[cycle.rindex("b") : cycle.rindex("s")] for cycle in whole if _ordered(cycle))
    early = sum(not _ordered(cycle) for cycle in whole)
    if early > 0.5 * len(whole):
        return "step before backward"
    if cleared > 0.5 * len(whole):
        return "zero between backward and step"
    return ""


def _ordered(cycle: str) -> bool:
    return cycle.rindex("b") < cycle.rindex("s")


def _zero_fault(run: TrainingRun, events: Sequence[Event]) -> str:
    backwards = steps = zeros = dirty = 0
    stepped = cleared = False
    any_step = any(event.kind == "step" for event in events)
    for event in events:
        if event.kind == "zero":
            zeros += 1
            cleared = True
        elif event.kind == "step":
            steps += 1
            stepped, cleared = True, False
        elif event.kind == "backward":
            backwards += 1
            # gradients may gather over several batches; they are stale only when a step has used them
            if (stepped or not any_step) and not cleared and event.get("clean") is False:
                dirty += 1
            if event.get("clean") is not False:
                stepped = False
    if zeros and _order(events) == "zero between backward and step":
        return "gradients are zeroed between backward and step"
    if backwards < 2 or dirty <= 0.5 * (backwards - 1):
        reached = any(event.kind == "backward" and event.get("grad_fn") for event in events)
        return _unproven_zero(run, backwards if reached else 0, steps, zeros)
    if zeros == 0:
        return "gradients are never zeroed"
    if zeros <= 2 * len(run.epochs) + 1:
        return "gradients are zeroed only once an epoch"
    return "gradients are not zeroed before they are computed"


def _unproven_zero(run: TrainingRun, backwards: int, steps: int, zeros: int) -> str:
    """Without back-propagation into the network only the calls themselves show whether gradients would be zeroed."""
    batches = sum(_batch_count(one) for one in run.passes)
    if backwards:
        return ""
    if zeros == 0:
        return "gradients are never zeroed"
    return "gradients are zeroed only once an epoch" if steps and zeros < 0.5 * min(batches, steps) else ""
