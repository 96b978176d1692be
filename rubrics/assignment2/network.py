"""The student's recurrent network: found, or made from its class."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader.probe import expr
from grader.scoring import Student
from rubrics.assignment2.asking import examined, width_of
from rubrics.assignment2.facts import Facts, ask, facts, object_of
from rubrics.assignment2.mending import mended, revived
from rubrics.assignment2.plain import plain_networks
from rubrics.assignment2.recurrent import Network
from rubrics.assignment2.rewriting import rewritten
from rubrics.put_right import with_super

_MODULE = "torch.nn.modules.module.Module"


def find_network(student: Student) -> Network | None:
    """The network; use it with ``student.find``."""
    found = student.find(facts)
    best: Network | None = None
    for candidate in itertools.chain(_instances(found), _constructed(student, found)):
        seen = examined(student, found, candidate)
        spoilt = revived(student, seen)
        seen = seen if spoilt is seen else examined(student, found, replace(candidate, expr=spoilt.expr))
        if best is None or (seen.layout and not best.layout) or (seen.fit is not None and best.fit is None):
            best = seen
        if best.fit is not None or (best.layout and not candidate.constructed and _called(found, candidate.obj)):
            break
    if best is not None and best.layout:
        return best
    plain = _without_module(student, found)
    if plain is not None or best is None:
        return plain
    return mended(student, found, best) or rewritten(student, found, best) or best


def _without_module(student: Student, found: Facts) -> Network | None:
    """A function, or an object of a plain class, that processes names."""
    seen = [examined(student, found, candidate) for candidate in itertools.islice(plain_networks(found), 4)]
    working = [one for one in seen if one.layout and one.params]
    return next((one for one in working if one.fit is not None), working[0] if working else None)


def network_classes(found: Facts) -> list[Mapping[str, Any]]:
    """The notebook's own network classes, but for those of pictures; those of 2(e)'s cells last."""
    foreign = {module.get("type") for module in found.entries("modules") if _of_pictures(module)}
    kinds = [
        kind
        for kind in found.entries("classes")
        if kind.get("name") not in foreign
        and (_MODULE in (kind.get("bases") or ()) or re.match(r"class\s+\w+\s*\(.*Module", str(kind.get("source"))))
    ]
    return sorted(kinds, key=lambda kind: (found.in_section(kind.get("cell"), "e"), kind.get("cell") or 0))


def _called(found: Facts, number: int | None) -> int:
    return next((int(m.get("called") or 0) for m in found.entries("modules") if m.get("obj") == number), 0)


def _instances(found: Facts) -> Iterator[Network]:
    cells = {kind.get("name"): kind.get("cell") for kind in found.entries("classes")}
    modules = [module for module in found.entries("modules") if module.get("parameters") and not _of_pictures(module)]

    def rank(module: Mapping[str, Any]) -> tuple[bool, bool, int]:
        cell = cells.get(module.get("type"))
        return bool(module.get("own_class")), found.in_section(cell, "e"), int(module.get("called") or 0)

    modules.sort(key=rank, reverse=True)
    for module in modules[:5]:
        name = (module.get("names") or [module.get("type")])[0]
        yield Network(
            expr.obj(int(module["obj"])),
            f"`{name}` ({module.get('type')})",
            tuple(module.get("tree") or ()),
            obj=int(module["obj"]),
            cell=cells.get(module.get("type")),
        )


def _of_pictures(module: Mapping[str, Any]) -> bool:
    """Whether a network is made for pictures: another assignment's."""
    return any(part.get("type") in {"Conv2d", "BatchNorm2d"} for part in module.get("tree") or ())


# --- making an instance ---------------------------------------------------------------------------------------


def _constructed(student: Student, found: Facts) -> Iterator[Network]:
    used = {module.get("type") for module in found.entries("modules")}
    width = width_of(student)
    for kind in reversed(network_classes(found)):
        number = kind.get("obj")
        if not isinstance(number, int) or kind.get("name") in used:
            continue
        params = sizes_of(kind)
        without_base = False
        for args in argument_orders(params, width):
            called = expr.call(expr.obj(number), [expr.value(arg) for arg in args])
            made = ask(student, [{"slot": "net", "expr": called}])["net"]
            without_base = without_base or "Module.__init__" in made.fault
            if made.ok and made.value.obj is not None:
                yield _network(kind, made.value.obj, width)
        if without_base:
            found_obj = _completed(student, kind, argument_orders(params, width))
            if found_obj is not None:
                yield _network(kind, found_obj, width)


def sizes_of(kind: Mapping[str, Any]) -> list[str]:
    """Names of the parameters without which a class cannot be instantiated."""
    return [
        str(param.get("name"))
        for param in (kind.get("methods") or {}).get("__init__", [])
        if param.get("name") != "self" and param.get("default") is None and param.get("kind") == "positional"
    ]


def _network(kind: Mapping[str, Any], number: int, width: int) -> Network:
    how = f"`{kind.get('name')}`, which was instantiated for the examination"
    network = Network(expr.obj(number), how, (), width=width, constructed=True)
    return replace(network, obj=number, cell=kind.get("cell"))


def _completed(student: Student, kind: Mapping[str, Any], orders: Sequence[tuple[int, ...]]) -> int | None:
    """An instance of a class whose constructor lacks the call of its base's, with that call."""
    name = str(kind.get("name")).rpartition(".")[2]
    source = with_super(str(kind.get("source")), name)
    for args in orders if source else ():
        number = object_of(student, [source, f"probe_net = {name}({', '.join(map(str, args))})"])
        if number is not None:
            return number
    return None


def argument_orders(names: Sequence[str], width: int, hidden: int = 12, outputs: int = 1) -> list[tuple[int, ...]]:
    """Sizes for a constructor's parameters: by their names first, then in other orders."""
    pool = [width, hidden, outputs, 24]
    hinted = tuple(_hint(name, width, hidden, outputs) for name in names)
    orders = [hinted] if hinted and all(hinted) else []
    if not names:
        return [()]
    orders += list(itertools.permutations(pool, len(names))) if len(names) <= 4 else []
    return list(dict.fromkeys(tuple(int(size or 1) for size in order) for order in orders))[:8]


def _hint(name: str, width: int, hidden: int, outputs: int) -> int | None:
    lower = name.lower()
    for pattern, size in (
        (r"hid|^k$|^h$|unit|neuron|n_h|dim_h", hidden),
        (r"out|class|^c$|^o$|target|n_y", outputs),
        (r"seq|len|^s$|steps|time", 24),
        (r"layer", 1),
        (r"batch|^b$", 4),
        (r"in|^d$|feat|vocab|alpha|emb|char|n_x|letters", width),
    ):
        if re.search(pattern, lower):
            return size
    return None
