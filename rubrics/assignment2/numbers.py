"""Numbers in described values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from grader.probe.value import Value


def numbers_of(value: Value) -> npt.NDArray[np.float64] | None:
    """The numbers of a value; of the first part with several numbers in a tuple or dictionary of results."""
    numbers = value.numbers() if value.kind not in {"bool", "str", "none"} else None
    if numbers is None and value.kind in {"list", "tuple", "dict"}:
        parts = [part.numbers() for part in value.items()]
        sized = [part for part in parts if part is not None and part.size > 1]
        numbers = sized[0] if sized else None
    return None if numbers is None else np.asarray(numbers, dtype=np.float64)
