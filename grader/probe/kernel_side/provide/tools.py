"""Shell tools without a network: ``wget``, ``curl``, ``unzip``, ``pip`` and the like.

A script for the kernel's interpreter, started by the programs in ``bin``. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from offers import NO_NETWORK, Offers, base_name  # type: ignore[import-not-found]

Tool = Callable[[Offers, Sequence[str]], int]

_CURL_WITH_VALUE = {"-H", "--header", "-A", "--user-agent", "-d", "--data", "-X", "--request", "-u", "-e", "-b", "-c"}
_WGET_WITH_VALUE = {"-U", "-t", "-T", "-o", "--tries", "--timeout", "--header", "--user-agent", "--output-file"}


def wget(offers: Offers, arguments: Sequence[str]) -> int:
    """``wget [-O FILE] [-P DIR] URL…``."""
    options, urls = _split(arguments, {"-O": "out", "--output-document": "out", "-P": "folder",
                                       "--directory-prefix": "folder"}, _WGET_WITH_VALUE)  # fmt: skip
    status = 0
    for url in urls:
        target = options.get("out") or os.path.join(
            options.get("folder", ""), base_name(url.split("?")[0]) or "index.html"
        )
        status = _fetch(offers, url, target) or status
    return 4 if status else 0


def curl(offers: Offers, arguments: Sequence[str]) -> int:
    """``curl [-o FILE | -O] URL…``."""
    remote = any(argument in {"-O", "--remote-name"} or _flags(argument, "O") for argument in arguments)
    options, urls = _split(arguments, {"-o": "out", "--output": "out", "--output-dir": "folder"}, _CURL_WITH_VALUE)
    status = 0
    for url in urls:
        named = base_name(url.split("?")[0]) if remote else "-"
        target = options.get("out") or named
        if target != "-":
            target = os.path.join(options.get("folder", ""), target)
        status = _fetch(offers, url, target) or status
    return 6 if status else 0


def unzip(offers: Offers, arguments: Sequence[str]) -> int:
    """``unzip [-d DIR] ARCHIVE [MEMBER…]``; a missing archive is answered as a missing file is."""
    options, names = _split(arguments, {"-d": "folder"}, set())
    if not names:
        print("unzip: expected an archive", file=sys.stderr)
        return 10
    path = next((name for name in (names[0], names[0] + ".zip") if os.path.isfile(name)), "")
    if not path:
        offer = offers.for_missing(names[0]) or offers.for_missing(names[0] + ".zip")
        if offer is None or offer.kind != "archive":
            print(f"unzip:  cannot find or open {names[0]}, {names[0]}.zip.", file=sys.stderr)
            return 9
        path = offer.path
    try:
        with zipfile.ZipFile(path) as archive:
            print(f"Archive:  {names[0]}")
            for member in [name for name in archive.namelist() if not names[1:] or name in names[1:]]:
                print(f"  inflating: {archive.extract(member, options.get('folder', '.'))}")
    except zipfile.BadZipFile:
        print(f"unzip:  {names[0]} is no ZIP archive", file=sys.stderr)
        return 9
    return 0


def pip(offers: Offers, arguments: Sequence[str]) -> int:
    """``pip install`` and its like do nothing; what only looks is passed on."""
    if arguments and arguments[0] in {"list", "show", "freeze", "--version", "-V", "check", "config"}:
        os.execv(sys.executable, [sys.executable, "-m", "pip", *arguments])  # noqa: S606 -- the interpreter's own pip
    print(f"pip {' '.join(arguments[:1])}: nothing is installed while grading")
    return 0


def nothing(offers: Offers, arguments: Sequence[str]) -> int:
    """A package manager that has nothing to do."""
    print("nothing is installed while grading")
    return 0


def nvidia_smi(offers: Offers, arguments: Sequence[str]) -> int:
    """Says what computes in place of a GPU."""
    print("No NVIDIA device is needed while grading: requests for a GPU are answered.")
    return 0


TOOLS: dict[str, Tool] = {
    "wget": wget, "curl": curl, "unzip": unzip, "pip": pip, "pip3": pip, "nvidia-smi": nvidia_smi,
    "conda": nothing, "mamba": nothing, "apt": nothing, "apt-get": nothing, "uv": nothing,
}  # fmt: skip
"""What the programs in ``bin`` are called, and what they do."""


def _fetch(offers: Offers, url: str, target: str) -> int:
    full = url if "://" in url else f"http://{url}"
    offer = offers.at_address(full)
    if offer is None:
        print(f"{full}: {NO_NETWORK}", file=sys.stderr)
        return 1
    if target == "-":
        with open(offer.path, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        return 0
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    shutil.copyfile(offer.path, target)
    print(f"‘{target}’ saved [{os.path.getsize(target)}]", file=sys.stderr)
    return 0


def _split(arguments: Sequence[str], named: dict[str, str], skipped: set[str]) -> tuple[dict[str, str], list[str]]:
    """Options that matter here, by what they mean, and the positional arguments."""
    options: dict[str, str] = {}
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        key, equals, value = argument.partition("=")
        if argument in named:
            options[named[argument]] = next(waiting, "")
        elif equals and key in named:
            options[named[key]] = value
        elif argument in skipped:
            next(waiting, "")
        elif argument.startswith("-") and not argument.startswith("--") and len(argument) > 2:
            _cluster(argument, named, options, waiting)
        elif not argument.startswith("-") or argument == "-":
            rest.append(argument)
    return options, rest


def _cluster(argument: str, named: dict[str, str], options: dict[str, str], waiting: object) -> None:
    """Options written together: ``-qO FILE``, ``-Lo FILE``, ``-OFILE``."""
    for at, letter in enumerate(argument[1:], 1):
        if f"-{letter}" in named:
            attached = argument[at + 1 :]
            options[named[f"-{letter}"]] = attached or next(waiting, "")  # type: ignore[call-overload]
            return


def _flags(argument: str, letter: str) -> bool:
    return argument.startswith("-") and not argument.startswith("--") and letter in argument


def main() -> int:
    """Runs the tool named by the first argument."""
    offers = Offers(os.environ["GRADER_OFFERS"])
    return TOOLS[sys.argv[1]](offers, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
