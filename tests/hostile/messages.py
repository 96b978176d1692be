"""Attacks on what listens to the kernel: messages that no kernel sends."""

from __future__ import annotations

from typing import Any

from tests.hostile.attacks import ANY_END, FORGE, Attack


def message(ident: str, does: str, cell: str, expected: str, **more: Any) -> Attack:
    given: dict[str, Any] = {"statuses": ANY_END, "group": "messages", **more}
    return Attack(ident, does, FORGE + cell, expected, **given)


MESSAGES = [
    message(
        "forged-idle",
        "tells Jupyter that the cell is over while it goes on",
        'send("status", {"execution_state": "idle"})\nx = 5',
        "the cell's further output is not shown, no more",
    ),
    message(
        "forged-reply",
        "sends an execute_reply of its own",
        """
for status in ("ok", "error", "aborted", 7, None):
    send("execute_reply", {"status": status, "execution_count": 10**30, "payload": [{"source": "page"}]})
""",
        "ignored",
    ),
    message(
        "malformed",
        "sends messages without fields, of wrong types, of unknown kinds",
        """
for content in [{}, {"name": "stdout"}, {"name": 1, "text": {"a": []}}, {"data": 5}, {"execution_state": None}]:
    for kind in "stream display_data execute_result error status comm_open clear_output nonsense".split():
        send(kind, content)
""",
        "ignored, one by one",
    ),
    message(
        "bad-signature",
        "signs its messages with another key",
        """
key, kernel.session.key = kernel.session.key, b"another"
send("stream", {"name": "stdout", "text": "unsigned"})
kernel.session.key = key
""",
        "dropped",
    ),
    message(
        "deep-json",
        "sends JSON that is nested a hundred thousand deep",
        """
socket = kernel.iopub_socket
deep = b'{"data":' + b'[' * 100_000 + b']' * 100_000 + b'}'
parts = [kernel.session.pack(p) for p in (kernel.session.msg_header("display_data"), kernel.get_parent()["header"], {})]
parts.append(deep)
socket.send_multipart([b"x", b"<IDS|MSG>", kernel.session.sign(parts), *parts])
""",
        "dropped",
    ),
    message(
        "comms",
        "opens ten thousand comms and widgets",
        """
for number in range(10_000):
    send("comm_open", {"comm_id": str(number), "target_name": "jupyter.widget", "data": {"state": {"x": "y" * 100}}})
""",
        "dropped; nothing is kept of them",
    ),
    message(
        "input",
        "asks the person at the keyboard",
        'input("password? ")',
        "an error in the notebook",
        statuses=frozenset({"error"}),
    ),
    message(
        "update-display",
        "changes what an earlier cell showed",
        """
from IPython.display import display, update_display
display("first", display_id="one")
for number in range(100): update_display("second", display_id="one")
""",
        "earlier outputs stay as they were",
    ),
    message(
        "terminal-codes",
        "prints terminal escape codes, bells and carriage returns",
        r'print("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b]8;;http://example.org\x07link" + "\r" * 1000)',
        "shown as text without effect",
    ),
    message(
        "html",
        "shows scripts, SVG, CSS, links and frames",
        """
evil = "<script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style><iframe src=//example.org>"
for kind in ("text/html", "application/javascript", "image/svg+xml", "text/markdown", "text/latex"):
    send("display_data", {"data": {kind: evil, "text/plain": evil}, "metadata": {}})
print(evil)
""",
        "none of it in the report as markup",
    ),
    message(
        "fake-picture",
        "shows pictures that are none, or of ten thousand million pixels",
        """
import base64, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
bomb = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)) + \\
    chunk(b"IDAT", zlib.compress(b"\\0" * 10**7)) + chunk(b"IEND", b"")
for data in (base64.b64encode(bomb).decode(), "<svg onload=alert(1)>", "!" * 100, ""):
    send("display_data", {"data": {"image/png": data, "text/plain": "x"}, "metadata": {}})
""",
        "left out",
    ),
    message(
        "metadata-bomb",
        "hangs megabytes of metadata on a display",
        'send("display_data", {"data": {"text/plain": "x"}, "metadata": {"a" * 99: [[]] * 100_000}})',
        "metadata are dropped",
    ),
    message(
        "next-cell",
        "answers for the cell that comes next, whose number can be guessed",
        """
parent = dict(kernel.get_parent())
header = dict(parent["header"])
for number in range(50):
    front, _, back = header["msg_id"].rpartition("_")
    forged = {**parent, "header": {**header, "msg_id": f"{front}_{int(back) + number if back.isdigit() else number}"}}
    kernel.session.send(kernel.iopub_socket, "stream", {"name": "stdout", "text": "all tests passed"}, parent=forged)
""",
        "at most shown; outputs carry no points",
    ),
]
