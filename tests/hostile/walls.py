"""Attacks on the walls: files, network, kernel. One kernel tries them all."""

from __future__ import annotations

from tests.hostile.attacks import Attack


def wall(ident: str, does: str, cell: str) -> Attack:
    return Attack(ident, does, cell, "refused; nothing reached", shows="refused", group="walls")


WALLS = [
    wall(
        "host-files",
        "reads the host's files: another submission, keys, shadow, the engine's socket",
        """
for path in [{secret!r}, {project!r} + "/pyproject.toml", {home!r} + "/.bashrc", "/etc/shadow", "/root/.ssh/id_rsa",
             "/var/run/docker.sock", "/run/docker.sock", "/proc/1/root/etc/shadow"]:
    attempt(path, open, path)
""",
    ),
    wall(
        "answers",
        "imports the rubrics, the reference and Grader, and looks for them on the disk",
        """
import importlib, glob
for name in ["rubrics", "reference", "grader", "grader.scoring", "rubrics.assignment2"]:
    attempt(name, importlib.import_module, name)
folders = ["/grader", "/opt/grader/lib/*/site-packages/rubrics", "/opt/grader/lib/*/site-packages/reference", "/home"]
found = [path for folder in folders for path in glob.glob(folder + "/**/*.toml", recursive=True)]
attempt("course.toml", lambda: found[0])
""",
    ),
    wall(
        "environment",
        "looks for secrets in the environment, its own and that of process 1",
        """
import os
attempt("own", lambda: os.environ["GRADER_HOSTILE_TOKEN"])
attempt("of process 1", lambda: open("/proc/1/environ").read().index("GRADER_HOSTILE_TOKEN"))
""",
    ),
    wall(
        "write-outside",
        "writes into the system, the libraries, the course's data and the kernel's settings",
        """
import json, os
for path in ["/x", "/usr/x", "/etc/passwd", "/bin/sh", json.__file__, os.path.dirname(os.__file__) + "/x", "/dev/x",
             "/grader/launcher.py", "/grader/lib/grader_kernel_side/__init__.py", "/grader/x", "/sys/x",
             "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]:
    attempt(path, open, path, "ab")
""",
    ),
    wall(
        "tcp",
        "connects by TCP: the internet, the host, link-local addresses, its own machine",
        """
import socket, urllib.request
for address in [("192.0.2.1", 80), ("169.254.169.254", 80), ("172.17.0.1", 22), ("10.0.0.1", 80), ("127.0.0.1", 22)]:
    attempt(address, socket.create_connection, address, 1)
attempt("http", urllib.request.urlopen, "http://192.0.2.1", None, 1)
attempt("ipv6 link-local", lambda: socket.socket(socket.AF_INET6).connect(("fe80::1", 80)))
""",
    ),
    wall(
        "udp",
        "sends datagrams, also to all",
        """
import socket
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt("udp", datagram.sendto, b"x", ("192.0.2.1", 53))
datagram.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
attempt("broadcast", datagram.sendto, b"x", ("255.255.255.255", 9))
attempt("raw", socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
""",
    ),
    wall(
        "dns",
        "smuggles by asking name servers",
        """
import socket
attempt("dns", socket.getaddrinfo, "secret.example.org", 80)
attempt("hosts", socket.gethostbyname, "host.docker.internal")
""",
    ),
    wall(
        "unix-sockets",
        "connects to unix sockets of the host, by path and by abstract name",
        """
import socket
for path in ["/var/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "\\0/tmp/dbus-x",
             "\\0containerd-shim", "/tmp/.X11-unix/X0"]:
    attempt(path, socket.socket(socket.AF_UNIX).connect, path)
""",
    ),
    wall(
        "socket-families",
        "opens sockets that know no network namespace: vsock, packet, alg",
        """
import socket
stream, raw, packets = socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET
for family, kind in [(40, stream), (17, raw), (38, packets), (31, raw)]:
    attempt(family, socket.socket, family, kind, 0)
""",
    ),
    wall(
        "kernel-calls",
        "calls mount, ptrace, bpf, keyctl, perf, io_uring and asks for a user namespace",
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
x86 = os.uname().machine == "x86_64"
for name, one, other, arguments in [
    ("mount", 165, 40, (b"none", b"/tmp", b"tmpfs", 0, 0)), ("ptrace", 101, 117, (16, 1, 0, 0)),
    ("bpf", 321, 280, (0, 0, 0)), ("keyctl", 250, 219, (0, -4, 1)), ("userns", 272, 97, (0x10000000,)),
    ("perf", 298, 241, (0, 0, -1, -1, 0)), ("io_uring", 425, 425, (1, 0)), ("userfaultfd", 323, 282, (0,)),
    ("setns", 308, 268, (0, 0)), ("pivot_root", 155, 41, (b"/tmp", b"/tmp")), ("reboot", 169, 142, (0, 0, 0)),
]:
    attempt(name, call, one if x86 else other, *arguments)
""",
    ),
    wall(
        "own-limits",
        "raises its own limits, priority and score for the memory killer",
        """
import os, resource
for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
    attempt(kind, resource.setrlimit, kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
attempt("nice", os.nice, -10)
attempt("oom", lambda: os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000"))
""",
    ),
    wall(
        "become-root",
        "becomes root: setuid, su, chroot, devices of its own",
        """
import os, stat, subprocess
attempt("setuid", os.setuid, 0)
attempt("su", lambda: subprocess.run(["su", "-c", "id"], capture_output=True, check=True, timeout=5))
attempt("chroot", os.chroot, "/tmp")
attempt("mknod", os.mknod, "/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
""",
    ),
    wall(
        "other-processes",
        "signals and reads processes of the host",
        """
import os
attempt("the grader", os.kill, {pid}, 9)
others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) > 2000]
attempt("another process", lambda: os.kill(others[0], 9))
""",
    ),
]
