"""The filter of system calls: a small assembler for the kernel's packet-filter language, and what we refuse.

A notebook needs none of what is refused here. The filter knows the calls of the kernels of today and answers "no such
call" to later ones, so that a new kernel does not widen the walls. libseccomp would do the same, but its Python
binding is a system package; the program is short, without loops, and tested call by call.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
"""``BPF_LD|W|ABS``, ``BPF_JMP|JEQ|K``, ``…JGT…``, ``…JSET…``, ``BPF_RET|K``."""
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; the low half of an argument comes first on both architectures."""
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NEWEST = 456
"""The last call that is known here (Linux 6.7)."""
_NEW_NAMESPACES = 0x7E020000
"""All ``CLONE_NEW…`` flags that ``clone`` takes."""
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_TERMINAL_INPUT = (0x5412, 0x541C)
"""``TIOCSTI`` and ``TIOCLINUX``: they type into a terminal."""
_FAMILIES = (1, 2, 10)
"""``AF_UNIX``, ``AF_INET``, ``AF_INET6``; the last two end at the walls of the network namespace. Others, such as
``AF_VSOCK``, know no namespaces."""
_NETLINK = 16

REFUSED = (
    # mounts and other roots
    *("mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount"),
    *("fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "nfsservctl"),
    # namespaces, other processes
    *("unshare", "setns", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
    *("move_pages", "migrate_pages"),
    # the kernel itself
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "syslog", "acct"),
    *("sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "vhangup"),
    *("bpf", "perf_event_open", "lookup_dcookie", "iopl", "ioperm", "modify_ldt", "uselib", "ustat", "sysfs"),
    "_sysctl",
    # keys know no namespaces; handles open files past the mounts; the rest has had too many holes
    *("keyctl", "add_key", "request_key", "open_by_handle_at", "name_to_handle_at", "fanotify_init"),
    *("userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_secret"),
)
"""Calls that always fail with "not permitted"."""


@dataclass(frozen=True)
class _Machine:
    """Attributes: the kernel's number of the architecture, and the numbers of the calls named here."""

    audit: int
    numbers: dict[str, int]


_LATE = {
    "mount_setattr": 442, "quotactl_fd": 443, "memfd_secret": 447, "pidfd_getfd": 438, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
}  # fmt: skip
"""Since these, all architectures count alike."""
_MACHINES = {
    "x86_64": _Machine(0xC000003E, {
        **_LATE, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "swapon": 167, "swapoff": 168,
        "reboot": 169, "sethostname": 170, "setdomainname": 171, "init_module": 175, "finit_module": 313,
        "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "bpf": 321, "perf_event_open": 298,
        "keyctl": 250, "add_key": 248, "request_key": 249, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "userfaultfd": 323, "unshare": 272, "setns": 308, "open_by_handle_at": 304,
        "name_to_handle_at": 303, "fanotify_init": 300, "quotactl": 179, "acct": 163, "settimeofday": 164,
        "clock_settime": 227, "clock_adjtime": 305, "adjtimex": 159, "iopl": 172, "ioperm": 173, "syslog": 103,
        "lookup_dcookie": 212, "kcmp": 312, "vhangup": 153, "nfsservctl": 180, "uselib": 134, "ustat": 136,
        "sysfs": 139, "_sysctl": 156, "modify_ldt": 154, "move_pages": 279, "migrate_pages": 256,
        "clone": 56, "socket": 41, "socketpair": 53, "personality": 135, "ioctl": 16,
    }),
    "aarch64": _Machine(0xC00000B7, {
        **_LATE, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "swapon": 224, "swapoff": 225,
        "reboot": 142, "sethostname": 161, "setdomainname": 162, "init_module": 105, "finit_module": 273,
        "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294, "bpf": 280, "perf_event_open": 241,
        "keyctl": 219, "add_key": 217, "request_key": 218, "ptrace": 117, "process_vm_readv": 270,
        "process_vm_writev": 271, "userfaultfd": 282, "unshare": 97, "setns": 268, "open_by_handle_at": 265,
        "name_to_handle_at": 264, "fanotify_init": 262, "quotactl": 60, "acct": 89, "settimeofday": 170,
        "clock_settime": 112, "clock_adjtime": 266, "adjtimex": 171, "syslog": 116, "lookup_dcookie": 18,
        "kcmp": 272, "vhangup": 58, "nfsservctl": 42, "move_pages": 239, "migrate_pages": 238,
        "clone": 220, "socket": 198, "socketpair": 199, "personality": 92, "ioctl": 29,
    }),
}  # fmt: skip

MACHINES = tuple(_MACHINES)
"""Architectures, as ``platform.machine`` names them, for which there is a filter."""


def program(machine: str = "") -> bytes | None:
    """The filter as an array of ``struct sock_filter``, or None for an architecture that it does not know.

    Args:
        machine: As ``platform.machine`` names it; default: this one.
    """
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    not_permitted, no_call = _fail(errno.EPERM), _fail(errno.ENOSYS)
    numbers = known.numbers
    # A 32-bit program counts its calls otherwise, so its numbers would mean something else below.
    code = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, known.audit, 1, 0), not_permitted, _step(_LOAD, _NUMBER)]
    code += [_step(_GREATER, _NEWEST, 0, 1), no_call]
    for name in REFUSED:
        if name in numbers:
            code += [_step(_EQUAL, numbers[name], 0, 1), not_permitted]
    # The flags of clone3 lie in memory, where a filter cannot look; libraries then take clone.
    code += [_step(_EQUAL, numbers["clone3"], 0, 1), no_call]
    code += _when(numbers["clone"], [_argument(0), _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1), not_permitted])
    for name in ("socket", "socketpair"):
        code += _when(numbers[name], [*_only(0, _FAMILIES, otherwise=_netlink(not_permitted))])
    code += _when(numbers["personality"], [*_only(0, _PERSONALITIES, otherwise=[not_permitted])])
    typing = [part for value in _TERMINAL_INPUT for part in (_step(_EQUAL, value, 0, 1), not_permitted)]
    code += _when(numbers["ioctl"], [_argument(1), *typing])
    return b"".join([*code, _step(_RETURN, _ALLOW)])


def _netlink(refuse: bytes) -> list[bytes]:
    """Routing netlink alone: libraries list interfaces with it."""
    return [_step(_EQUAL, _NETLINK, 1, 0), refuse, _argument(2), _step(_EQUAL, 0, 1, 0), refuse]


def _only(argument: int, values: tuple[int, ...], *, otherwise: list[bytes]) -> list[bytes]:
    code = [_argument(argument)]
    for value in values:
        code += [_step(_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW)]
    return [*code, *otherwise]


def _when(number: int, code: list[bytes]) -> list[bytes]:
    """Runs ``code`` for one call, which is allowed unless it says otherwise."""
    code = [*code, _step(_RETURN, _ALLOW)]
    return [_step(_EQUAL, number, 0, len(code)), *code]


def _argument(index: int) -> bytes:
    return _step(_LOAD, _ARGUMENTS + 8 * index)


def _fail(code: int) -> bytes:
    return _step(_RETURN, _ERRNO | code)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
