"""How far a right value may lie from the reference's, as measured by ``reference.calibrate``."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("tolerances.toml")


@dataclass(frozen=True)
class Tolerance:
    """Bounds of a difference, in the unit that the file names.

    Attributes:
        accept: Up to here a value is right.
        border: From there up to here a person decides.
    """

    accept: float
    border: float

    def unclear(self, difference: float) -> bool:
        """Whether a difference lies at the boundary."""
        return self.accept < difference <= self.border


@functools.cache
def tolerance(quantity: str) -> Tolerance:
    """The tolerance of a quantity.

    Raises:
        KeyError: The file has no such quantity.
    """
    with FILE.open("rb") as stream:
        given = tomllib.load(stream)[quantity]
    return Tolerance(float(given["accept"]), float(given["border"]))
