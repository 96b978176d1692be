"""What people would rather look at than read: pictures, an encoded name, layers, curves, a confusion matrix.

Exhibits are plain data: rubrics make them, gradebooks keep them as JSON, reports draw them. What belongs to the
reference is marked as such, so that reports can keep it back until the deadline has passed.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

MAX_PICTURE_BASE64 = 200_000
"""Characters of one picture; ``grader.scoring.drawing`` makes them smaller than that."""

Text = Annotated[str, Field(max_length=400)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Exhibit(_Part):
    title: Text
    caption: Text = ""


class ShownImage(_Part):
    """A picture of a row of pictures.

    Attributes:
        label: What it shows, below it and for people who cannot see it.
        mime: Its format.
        base64: The file.
        width: In pixels.
        height: In pixels.
        reference: Whether it is the reference's, which only a report after the deadline shows.
    """

    label: Text
    mime: Literal["image/png", "image/jpeg"]
    base64: str = Field(max_length=MAX_PICTURE_BASE64, pattern=r"^[A-Za-z0-9+/]+={0,2}$")
    width: int = Field(gt=0, le=2000)
    height: int = Field(gt=0, le=2000)
    reference: bool = False


class PictureRow(_Exhibit):
    """Pictures side by side."""

    kind: Literal["pictures"] = "pictures"
    images: tuple[ShownImage, ...] = Field(min_length=1, max_length=8)


class Matrix(_Exhibit):
    """A matrix with a name for each row, e.g. the characters of a name.

    Attributes:
        rows: A label a row.
        columns: A label a column, or ``()``.
        values: (rows, columns).
        padding: Indices of the rows that are padding.
    """

    kind: Literal["matrix"] = "matrix"
    rows: tuple[Text, ...] = Field(min_length=1, max_length=64)
    columns: tuple[Text, ...] = Field(default=(), max_length=64)
    values: tuple[tuple[Number, ...], ...]
    padding: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _rectangular(self) -> Matrix:
        widths = {len(row) for row in self.values}
        fits = len(self.values) == len(self.rows) and len(widths) == 1 and 0 < max(widths) <= 64
        if not fits or (self.columns and widths != {len(self.columns)}):
            shape = f"{len(self.rows)} rows and {len(self.columns)} columns"
            message = f"matrix {self.title!r}: labels for {shape}, values of widths {sorted(widths)}, at most 64 wide"
            raise ValueError(message)
        return self


class Column(_Part):
    """A column of a table. Attributes: its heading, and whether it is the reference's."""

    heading: Text
    reference: bool = False


class TableRow(_Part):
    """A row of a table. Attributes: its cells; whether it differs from what was asked for."""

    cells: tuple[Text, ...]
    differs: bool = False


class Table(_Exhibit):
    """A table, e.g. the layers of a network with their shapes; the first column names the row."""

    kind: Literal["table"] = "table"
    columns: tuple[Column, ...] = Field(min_length=1, max_length=12)
    rows: tuple[TableRow, ...] = Field(max_length=80)

    @model_validator(mode="after")
    def _rectangular(self) -> Table:
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            message = f"table {self.title!r}: every row has {len(self.columns)} cells"
            raise ValueError(message)
        return self


class Curve(_Part):
    """Values over the epochs. Attributes: name, a value an epoch (None where there is none), whether in percent."""

    name: Text
    values: tuple[Number | None, ...] = Field(min_length=1, max_length=500)
    percent: bool = False


class Curves(_Exhibit):
    """Curves over the epochs; those in percent are drawn in a panel of their own."""

    kind: Literal["curves"] = "curves"
    curves: tuple[Curve, ...] = Field(min_length=1, max_length=8)


class Confusion(_Exhibit):
    """A confusion matrix. Attributes: classes; counts (true class, predicted class)."""

    kind: Literal["confusion"] = "confusion"
    classes: tuple[Text, ...] = Field(min_length=2, max_length=30)
    counts: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...]

    @model_validator(mode="after")
    def _square(self) -> Confusion:
        size = len(self.classes)
        if len(self.counts) != size or any(len(row) != size for row in self.counts):
            message = f"confusion matrix {self.title!r}: expected {size}×{size} counts"
            raise ValueError(message)
        return self


Exhibit: TypeAlias = PictureRow | Matrix | Table | Curves | Confusion

_LIST: TypeAdapter[tuple[Exhibit, ...]] = TypeAdapter(
    tuple[Annotated[PictureRow | Matrix | Table | Curves | Confusion, Field(discriminator="kind")], ...]
)


def exhibits_to_json(exhibits: tuple[Exhibit, ...]) -> list[dict[str, object]]:
    """Exhibits as JSON data."""
    return [exhibit.model_dump(mode="json") for exhibit in exhibits]


def exhibits_from_json(data: object) -> tuple[Exhibit, ...]:
    """Exhibits from JSON data.

    Raises:
        pydantic.ValidationError: Something is not what ``exhibits_to_json`` writes.
    """
    # Lists stand for tuples in JSON, which only the lax mode takes.
    return _LIST.validate_python(data, strict=False)
