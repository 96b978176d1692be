"""What the parts of the kernel side share: namespace, numbered objects, serial numbers, current cell."""

from __future__ import annotations

import traceback
from typing import Any


class Session:
    """State of one notebook.

    Attributes:
        namespace: The notebook's globals.
        cell: Index of the cell that runs, or None between cells.
        files: File name of a compiled cell → index of that cell.
        bound_in: Global name → index of the cell that last bound it.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.cell: int | None = None
        self.files: dict[str, int] = {}
        self.bound_in: dict[str, int] = {}
        self._serial = 0
        self._numbers: dict[int, int] = {}
        self._objects: list[Any] = []
        self._known = dict(namespace)

    def serial(self) -> int:
        """The next serial number; orders events, calls and sightings."""
        self._serial += 1
        return self._serial

    def number(self, thing: Any) -> int:
        """The number of an object, which stays alive and keeps it from now on."""
        number = self._numbers.get(id(thing))
        if number is None:
            number = len(self._objects)
            self._objects.append(thing)
            self._numbers[id(thing)] = number
        return number

    def object(self, number: int) -> Any:
        """The object of a number.

        Raises:
            LookupError: No object has this number.
        """
        if not 0 <= number < len(self._objects):
            message = f"no object has number {number}"
            raise LookupError(message)
        return self._objects[number]

    def note_bindings(self) -> None:
        """Notes which globals the cell that just ran has bound."""
        if self.cell is None:
            return
        for name, thing in list(self.namespace.items()):
            if self._known.get(name, self) is not thing:
                self._known[name] = thing
                self.bound_in[name] = self.cell

    def globals(self) -> dict[str, Any]:
        """The notebook's own globals, without IPython's and private ones."""
        hidden = {"In", "Out", "exit", "quit", "open", "get_ipython"}
        return {
            name: thing
            for name, thing in list(self.namespace.items())
            if isinstance(name, str)
            and name not in hidden
            and not (name.startswith("_") and name not in self.bound_in)
            and not name.startswith(("__", "_i", "_o"))
        }

    def error(self, fault: BaseException) -> dict[str, Any]:
        """An exception as data, with the innermost line of the notebook's own code."""
        cell = line = None
        for frame in traceback.extract_tb(fault.__traceback__):
            if frame.filename in self.files:
                cell, line = self.files[frame.filename], frame.lineno
        last = traceback.format_exception_only(type(fault), fault)[-1].strip()
        return {
            "type": type(fault).__name__,
            "message": _text(fault),
            "own_cell": cell,
            "own_line": line,
            "text": last[:2000],
        }


def _text(fault: BaseException) -> str:
    try:
        return str(fault)[:2000]
    except Exception:
        return "(the exception has no text)"
