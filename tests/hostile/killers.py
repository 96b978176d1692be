"""Attacks on time, memory, disk and processes: each ends a kernel of its own."""

from __future__ import annotations

from typing import Any

from tests.hostile.attacks import ANY_END, ANY_NEIGHBOUR, FORGE, Attack


def killer(ident: str, does: str, cell: str, expected: str, says: str, **more: Any) -> Attack:
    return Attack(ident, does, cell, expected, **{"statuses": frozenset({"killed"}), "says": says, **more})


KILLERS = [
    killer(
        "endless-loop",
        "loops for ever",
        "while True: pass",
        "stopped at the time limit; the next cells run",
        "ran longer than the 2 seconds allowed for a cell and was stopped",
        statuses=frozenset({"timeout"}),
    ),
    killer(
        "deaf-loop",
        "loops for ever and ignores the interrupt",
        "import time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass",
        "killed at the time limit; run again without the cell",
        "it did not react",
        statuses=frozenset({"timeout"}),
    ),
    killer(
        "endless-print",
        "prints for ever",
        "while True: print('x' * 1000)",
        "cut inside the kernel; stopped at the time limit",
        "ran longer",
        statuses=frozenset({"timeout"}),
    ),
    killer(
        "one-giant-print",
        "prints one gigabyte at once",
        "print('x' * 10**9)",
        "head and tail kept",
        "",
        statuses=frozenset({"ok", "killed"}),
        limits={"memory_mib": 3000, "cell_timeout_s": 20},
    ),
    killer(
        "raw-giant-output",
        "writes a gigabyte to the output past Python's streams",
        FORGE
        + """
for _ in range(100): send("stream", {"name": "stdout", "text": "x" * 10_000_000})
""",
        "stopped for its amount of output",
        "more output than the 8 MiB",
        limits={"cell_timeout_s": 20},
    ),
    killer(
        "million-displays",
        "shows a million outputs",
        "from IPython.display import display\nfor number in range(10**6): display(number)",
        "stopped for its amount of output or its time",
        "",
        statuses=frozenset({"killed", "timeout", "ok"}),
        limits={"cell_timeout_s": 4},
    ),
    killer(
        "giant-message",
        "sends one message of 300 MB",
        FORGE + 'send("stream", {"name": "stdout", "text": "x" * 3 * 10**8})',
        "never reaches the host's memory",
        "",
        statuses=ANY_END,
        limits={"memory_mib": 2500, "cell_timeout_s": 6},
    ),
    killer(
        "frames-without-end",
        "speaks to the sockets itself: a message whose parts never end",
        """
import os, socket, threading, time
path = "/grader/exchange/k-2"
os.unlink(path)
server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen(5); os.chmod(path, 0o777)
from IPython import get_ipython
get_ipython().kernel.iopub_socket.close() if hasattr(get_ipython().kernel.iopub_socket, "close") else None
def serve(connection):
    greeting = b"\\xff\\0\\0\\0\\0\\0\\0\\0\\1\\x7f" + b"\\3\\0" + b"NULL".ljust(20, b"\\0")
    connection.sendall(greeting + b"\\0" * 32)
    connection.recv(64)
    ready = b"\\5READY\\x0bSocket-Type\\0\\0\\0\\3PUB"
    connection.sendall(b"\\4" + bytes([len(ready)]) + ready)
    part = b"\\3" + (2**20).to_bytes(8, "big") + b"x" * 2**20
    while True: connection.sendall(part)
def accept():
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
threading.Thread(target=accept, daemon=True).start()
time.sleep(2)
""",
        "weighed before it is joined",
        "",
        statuses=ANY_END,
    ),
    killer(
        "fork-bomb",
        "starts processes until none can be started",
        "import os, time\nwhile True:\n    if os.fork() == 0: time.sleep(100)",
        "the sandbox's number of processes ends it",
        "",
        statuses=frozenset({"error", "killed", "timeout"}),
    ),
    killer(
        "memory-small-steps",
        "takes memory in small steps",
        "kept = []\nwhile True: kept.append(bytearray(b'x') * 2**20)",
        "killed at the memory limit, and told so",
        "needed more memory than",
    ),
    killer(
        "memory-large-step",
        "takes memory at one go",
        "import time\nx = bytearray(b'x') * (8 * 10**9); time.sleep(5)",
        "killed at the memory limit, or refused",
        "",
        statuses=frozenset({"killed", "error"}),
    ),
    killer(
        "memory-files",
        "fills memory with files in /dev/shm",
        """
import os
for number in range(100):
    with open(f"/dev/shm/{number}", "wb") as stream: stream.write(os.urandom(2**20) * 60)
""",
        "the area is full",
        "",
        statuses=frozenset({"error", "killed"}),
    ),
    killer(
        "disk-full",
        "fills the disk: home, temporary files, shared folder",
        """
import os
for place in ("/tmp", os.getcwd(), "/content"):
    try:
        for number in range(10**6):
            with open(f"{place}/{number}", "wb") as stream: stream.write(b"x" * 2**22)
    except OSError as error: print("full:", error.strerror)
""",
        "every area is full at its size",
        "",
        statuses=frozenset({"ok", "killed", "error"}),
        shows="full: No space left",
    ),
    killer(
        "exchange-full",
        "fills the folder that is shared with the host, by size and by number",
        """
import os, time
for number in range(3): open(f"/grader/exchange/big{number}", "wb").truncate(10**9)
for number in range(20_000): open(f"/grader/exchange/{number}", "w").close()
time.sleep(10)
""",
        "killed, and told so",
        "folder that is not the notebook's",
        limits={"cell_timeout_s": 15},
    ),
    killer(
        "os-exit",
        "ends Python without a word",
        "import os\nos._exit(0)",
        "told; run again without the cell",
        "ended the Python process (exit status 0)",
    ),
    killer(
        "sys-exit",
        "ends Python politely",
        "import sys\nsys.exit(3)",
        "an error of the cell; the next ones run",
        "",
        statuses=frozenset({"error", "ok"}),
    ),
    killer(
        "segfault",
        "crashes the interpreter",
        "import ctypes\nctypes.string_at(0)",
        "told; run again without the cell",
        "crashed Python itself (a segmentation fault)",
    ),
    killer(
        "kill-itself",
        "kills itself",
        "import os\nos.kill(os.getpid(), 9)",
        "told; run again without the cell",
        "Python was ended from outside",
    ),
    killer(
        "kill-all",
        "kills every process that it may",
        "import os, subprocess\nsubprocess.Popen(['sleep', '100'])\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)",
        "reaches its own processes alone",
        "ended from outside",
    ),
    killer(
        "kill-parent",
        "kills process 1 and its parent",
        """
import os, signal
for pid in (1, os.getppid()):
    for number in (signal.SIGTERM, signal.SIGKILL): os.kill(pid, number)
""",
        "reaches its own sandbox alone",
        "",
        statuses=ANY_END,
    ),
    killer(
        "close-sockets",
        "closes the kernel's sockets",
        """
import os
for number in range(3, 200):
    try: os.close(number)
    except OSError: pass
""",
        "costs the notebook its own time, or its kernel",
        "",
        statuses=ANY_END,
        neighbour=ANY_NEIGHBOUR,
    ),
    killer(
        "stop-output-thread",
        "stops the thread that carries outputs",
        "from IPython import get_ipython\nget_ipython().kernel.iopub_thread.stop()",
        "outputs are lost, answers to the exam's questions are not",
        "",
        statuses=ANY_END,
        neighbour=ANY_NEIGHBOUR,
    ),
    killer(
        "stray-threads",
        "leaves threads and processes that go on after the cell",
        """
import subprocess, sys, threading, time
def on():
    while True: print("still here"); time.sleep(0.01)
for _ in range(5): threading.Thread(target=on, daemon=True).start()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(500)"], start_new_session=True)
""",
        "all gone with the notebook",
        "",
        statuses=frozenset({"ok"}),
    ),
    killer(
        "links-as-results",
        "leaves links, pipes and sockets where answers are expected",
        """
import os
for number in range(1, 30):
    base = f"/grader/exchange/q{number:06d}.answer"
    os.symlink("/etc/passwd", base + ".json"); os.mkfifo(base + ".safetensors")
    os.symlink("/", f"/grader/exchange/q{number:06d}.request.safetensors")
os.symlink("/", "/grader/exchange/root")
os.makedirs("/grader/exchange/" + "d/" * 200)
os.chmod("/grader/exchange/d", 0)
""",
        "not followed; all removed",
        "",
        statuses=frozenset({"ok", "error"}),
        neighbour=ANY_NEIGHBOUR,
    ),
    killer(
        "redirect-sockets",
        "puts links to other sockets in the place of its own",
        """
import os
for number in range(1, 6):
    os.unlink(f"/grader/exchange/k-{number}"); os.symlink("/var/run/docker.sock", f"/grader/exchange/k-{number}")
""",
        "not followed",
        "",
        statuses=ANY_END,
        neighbour=ANY_NEIGHBOUR,
    ),
]
