"""The list of a course's data, ``assets.toml``, validated."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from grader.errors import CourseError

SCHEMA = "grader.assets/1"

Kind = Literal["picture", "table", "images", "weights", "labels"]


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        message = f"expected a regular expression, got {text!r}: {error}"
        raise ValueError(message) from error
    return text


def _plain_name(text: str) -> str:
    if not text or PurePosixPath(text).name != text or "\\" in text:
        message = f"expected a file name without folders, got {text!r}"
        raise ValueError(message)
    return text


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        message = f"expected a relative folder, got {text!r}"
        raise ValueError(message)
    return text


Pattern = Annotated[str, AfterValidator(_compiles)]
FileName = Annotated[str, AfterValidator(_plain_name)]


class TextAnswer(BaseModel):
    """An address that is answered with a text.

    Attributes:
        url: Regular expression on the address.
        text: The body of the answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Pattern
    text: str


class Asset(BaseModel):
    """One file that notebooks ask for; ``assets.toml`` explains every key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    file: FileName
    kind: Kind
    folder: Annotated[str, AfterValidator(_inside)]
    copy_to_workdir: bool = False
    assignments: tuple[str, ...] = ()
    wanted: Pattern = ""
    md5: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    sha256_prefix: Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")] = ""
    source: str
    stand_in: Annotated[str, Field(pattern=r"^[\w.]+:\w+$")]
    urls: tuple[Pattern, ...] = ()
    missing: tuple[Pattern, ...] = ()
    archive: FileName | None = None
    archive_urls: tuple[Pattern, ...] = ()
    archive_missing: tuple[Pattern, ...] = ()
    answers: tuple[TextAnswer, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Asset:
        if not self.archive and (self.archive_urls or self.archive_missing):
            message = "'archive_urls' and 'archive_missing' need the name of the archive in 'archive'"
            raise ValueError(message)
        return self


def load_catalogue(path: Path) -> tuple[Asset, ...]:
    """Reads and validates an ``assets.toml``.

    Raises:
        CourseError: The file cannot be read or an entry is wrong; the message names file, entry and key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise CourseError(message, hint="A course pack needs the list of its data.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} is not valid TOML: {error}"
        raise CourseError(message) from error
    if data.get("schema") != SCHEMA:
        message = f'{path}: expected schema = "{SCHEMA}", found {data.get("schema")!r}.'
        raise CourseError(message)
    entries = data.get("asset")
    if not isinstance(entries, list) or not entries:
        message = f"{path}: expected at least one [[asset]], found none."
        raise CourseError(message)
    assets = tuple(_asset(path, number, entry) for number, entry in enumerate(entries, 1))
    _check_unique(path, assets)
    return assets


def _asset(path: Path, number: int, entry: Any) -> Asset:
    try:
        return Asset.model_validate(entry)
    except ValidationError as error:
        name = entry.get("name") if isinstance(entry, dict) else None
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "entry"
        message = f"{path}: [[asset]] {name or f'number {number}'}, {key}: {first['msg']}."
        raise CourseError(message) from error


def _check_unique(path: Path, assets: tuple[Asset, ...]) -> None:
    for key in ("name", "file"):
        seen: set[str] = set()
        for asset in assets:
            value = getattr(asset, key)
            if value in seen:
                message = f"{path}: [[asset]] {asset.name}: the {key} {value!r} is used twice."
                raise CourseError(message)
            seen.add(value)
