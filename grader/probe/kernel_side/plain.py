"""Takes the hooks out of functions that were called so often that nothing more is kept of their calls.

A function that encodes one character runs a hundred thousand times an epoch; even a hook that does nothing would cost
more of the training's time than all the rest of the recorder. Before questions are answered, the hooks come back.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType
from typing import Any

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


class Plain:
    """The cells' code without hooks.

    Attributes:
        files: File name of a compiled cell → index of that cell, as far as cells have begun to run.
    """

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self._trees: dict[int, ast.Module] = {}
        self._changed: list[tuple[FunctionType, CodeType]] = []

    def keep(self, cell: int | None, tree: ast.Module) -> None:
        """Keeps a cell's tree as it is before the hooks are added."""
        if cell is not None:
            self._trees[cell] = copy.deepcopy(tree)

    def take_out(self, frame: FrameType) -> None:
        """Gives the function of a frame its code without hooks, where function and code can be found."""
        code = frame.f_code
        function = _function_of(frame)
        tree = self._trees.get(self.files.get(code.co_filename, -1))
        if function is None or tree is None:
            return
        try:
            module = compile(tree, code.co_filename, "exec", flags=code.co_flags & _FUTURE, dont_inherit=True)
        except (SyntaxError, ValueError):
            return
        for plain in _codes(module):
            same = plain.co_qualname == code.co_qualname and plain.co_firstlineno == code.co_firstlineno
            if same and plain.co_freevars == code.co_freevars:
                self._changed.append((function, code))
                function.__code__ = plain
                return

    def put_back(self) -> None:
        """Gives the functions their hooks back."""
        for function, code in self._changed:
            function.__code__ = code
        self._changed.clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _function_of(frame: FrameType) -> FunctionType | None:
    """The function that a frame runs: a global one, or a method of its first argument."""
    code = frame.f_code
    places: list[Any] = [frame.f_globals]
    if code.co_argcount:
        first = frame.f_locals.get(code.co_varnames[0])
        kinds = first.__mro__ if isinstance(first, type) else type(first).__mro__
        places += [vars(kind) for kind in kinds]
    for place in places:
        thing = place.get(code.co_name)
        for function in (thing, getattr(thing, "__func__", None), getattr(thing, "fget", None)):
            if isinstance(function, FunctionType) and function.__code__ is code:
                return function
    return None
