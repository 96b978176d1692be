"""Checks that look around inside a sandbox. Each is a few lines that the sandboxed interpreter runs; see ``trial``.

They try walls, so they must do no harm where a wall is missing: nothing is written to what they could open, calls get
arguments that cannot succeed, and what has no walls at all ("local") is never made to run them.
"""

from __future__ import annotations

SNIPPETS = {
    "user": """
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
if os.getuid() == 0: raise Broken("runs as root")
rights = [name for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb") if int(status[name], 16)]
if rights: raise Broken("has capabilities: " + ", ".join(rights))
if status["NoNewPrivs"].strip() != "1": raise Broken("could gain rights by a set-uid program")
""",
    "seccomp": """
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
if status["Seccomp"].strip() != "2": raise Broken("no filter of system calls")
""",
    "calls": """
EPERM, ENOSYS = errno.EPERM, errno.ENOSYS
# The arguments are nonsense, so that a call which is let through does no harm: the kernel finds fault with them.
tried = {
    "mount": (165, 40, 0, 0, 0, 0, 0), "unshare": (272, 97, 0x7FFFFFFF), "chroot": (161, 51, 0),
    "ptrace": (101, 117, 0x7FFF, 0, 0, 0), "bpf": (321, 280, 0x7FFF, 0, 0), "keyctl": (250, 219, 0x7FFF, 0, 0),
    "perf_event_open": (298, 241, 0, 0, -1, -1, 0), "userfaultfd": (323, 282, 0x7FFFFFFF),
    "io_uring_setup": (425, 425, 0, 0), "setns": (308, 268, -1, 0), "syslog": (103, 116, 0x7FFF, 0, 0),
    "process_vm_readv": (310, 270, 0, 0, 0, 0, 0, 0), "open_by_handle_at": (304, 265, -1, 0, 0),
    "clone into a new user namespace": (56, 220, 0x10000011, 0, 0, 0, 0), "clone3": (435, 435, 0, 0),
    "a call newer than the filter": (467, 467, 0, 0, 0, 0),
}
for name, arguments in tried.items():
    try:
        if call(*arguments) == 0 and name.startswith("clone"): os._exit(0)
    except OSError as error:
        if error.errno in (EPERM, ENOSYS): continue
        raise Broken(f"{name} reaches the kernel ({error.strerror})")
    raise Broken(f"{name} works")
""",
    "socket-families": """
for name, family, kind, protocol in [
    ("vsock", 40, socket.SOCK_STREAM, 0), ("packet", 17, socket.SOCK_RAW, 0), ("alg", 38, socket.SOCK_SEQPACKET, 0),
    ("bluetooth", 31, socket.SOCK_RAW, 0), ("netlink audit", 16, socket.SOCK_RAW, 9),
]:
    try:
        socket.socket(family, kind, protocol)
    except OSError as error:
        if error.errno == errno.EPERM: continue
        raise Broken(f"{name} sockets reach the kernel ({error.strerror})")
    raise Broken(f"{name} sockets work")
socket.socketpair()
""",
    "network": """
cards = [name for _, name in socket.if_nameindex() if name != "lo"]
if cards: raise Broken("sees network cards: " + ", ".join(cards))
for address in [("192.0.2.1", 80), ("169.254.169.254", 80), ("127.0.0.1", facts["port"])]:
    refused(f"connects to {address[0]}", lambda: socket.create_connection(address, timeout=2))
refused("asks a name server", lambda: socket.getaddrinfo("example.org", 80))
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
refused("sends datagrams", lambda: datagram.sendto(b"x", ("192.0.2.1", 53)))
""",
    "read-only": """
for place in ["/", "/usr", "/usr/lib", "/etc", "/dev", "/grader", "/bin/", os.path.dirname(sys.executable)]:
    path = os.path.join(place, "grader-doctor")
    if writable(path):
        os.remove(path)
        raise Broken(f"can write to {place}")
""",
    "kernel-files": """
for path in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/1/mem", "/sys/fs/cgroup/cgroup.procs"]:
    if writable(path): raise Broken(f"can write to {path}")
tops = ["/sys", *("/proc/" + name for name in os.listdir("/proc") if not name.isdigit() and "self" not in name)]
for top in tops:
    for folder, _folders, files in [(os.path.dirname(top), [], [os.path.basename(top)]), *os.walk(top)]:
        for name in files:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                plain = stat.S_ISREG(os.lstat(path).st_mode)
                if plain and os.access(path, os.W_OK) and writable(path): raise Broken(f"can write to {path}")
""",
    "host-files": """
for path in [facts["secret"], facts["root"], "/var/run/docker.sock", "/run/docker.sock", *facts["home"]]:
    if os.path.lexists(path): raise Broken(f"sees {path}")
if open("/etc/passwd").read().count("\\n") > 60: raise Broken("sees the accounts of the host")
for path in ["/etc/shadow", "/etc/sudoers", "/root/.bashrc"]:
    refused(f"reads {path}", lambda: open(path).read())
""",
    "environment": """
if facts["variable"] in os.environ: raise Broken("sees the environment of the host")
""",
    "answers": """
import glob, importlib.util
sys.path.append("")
names = ("grader", "rubrics", "reference")
# An empty folder may stay; it is found, but comes from no file.
seen = [name for name in names if (found := importlib.util.find_spec(name)) and found.origin]
if seen: raise Broken("can import " + ", ".join(seen))
files = [path for name in names for path in glob.glob(f"{sys.prefix}/lib*/python*/site-packages/{name}/*")]
if files: raise Broken(f"sees {files[0]}")
""",
    "processes-hidden": """
others = [name for name in os.listdir("/proc") if name.isdigit()]
if len(others) > 8: raise Broken(f"sees {len(others)} processes")
""",
    "namespaces": """
shared = [kind for kind, number in facts["namespaces"].items() if os.readlink(f"/proc/self/ns/{kind}") == number]
if shared: raise Broken("shares with the host: " + ", ".join(shared))
""",
    "devices": """
usual = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console", "0"}
for folder, _folders, files in os.walk("/dev"):
    for name in files:
        mode = os.lstat(os.path.join(folder, name)).st_mode
        if (stat.S_ISBLK(mode) or stat.S_ISCHR(mode)) and name not in usual and not name.isdigit():
            raise Broken(f"sees the device {folder}/{name}")
refused("makes devices", lambda: os.mknod("/tmp/sda", 0o600 | stat.S_IFBLK, os.makedev(8, 0)))
""",
    "limits-fixed": """
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
if hard == resource.RLIM_INFINITY: raise Broken("single files have no largest size")
refused("raises its own limits", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard + 1, hard + 1)))
refused("makes core files", lambda: resource.setrlimit(resource.RLIMIT_CORE, (10**6, 10**6)))
refused("raises its own priority", lambda: os.nice(-5))
""",
    "disk": """
for place in ["/tmp", os.environ["HOME"], "/dev/shm", "/content"]:
    path = os.path.join(place, "big")
    try:
        with open(path, "wb", buffering=0) as stream:
            for _ in range(3 * facts["disk_mib"]):
                stream.write(b"x" * 2**20)
        raise Broken(f"{place} has no size")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT): raise
    finally:
        if os.path.exists(path): os.remove(path)
""",
    "processes": """
children = []
try:
    while len(children) < 4 * facts["processes"]:
        if (child := os.fork()) == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    pass
for child in children: os.kill(child, signal.SIGKILL)
for child in children: os.waitpid(child, 0)
if len(children) > facts["processes"]: raise Broken(f"started {len(children)} processes")
""",
    "processor": """
begun, children = time.monotonic(), []
for _ in range(4):
    if (child := os.fork()) == 0:
        while time.monotonic() - begun < 1.5: pass
        os._exit(0)
    children.append(child)
for child in children: os.waitpid(child, 0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
share = (used.ru_utime + used.ru_stime) / (time.monotonic() - begun)
if share > facts["cpus"] * 1.35: raise Broken(f"used {share:.1f} processors")
""",
    "gpu-hidden": """
seen = [name for name in os.listdir("/dev") if name.startswith(("nvidia", "dri", "kfd"))]
if seen: raise Broken("sees " + ", ".join(seen))
""",
}
