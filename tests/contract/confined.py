#!/usr/bin/env python3
"""Runs a program behind the system call filter of a systemd unit, without systemd as the manager.

    python3 tests/contract/confined.py UNIT COMMAND…

Of the unit's settings those are in force that systemd itself turns into such a filter: SystemCallFilter, with the
sets as `systemd-analyze syscall-filter` lists them, RestrictAddressFamilies, RestrictNamespaces and
MemoryDenyWriteExecute.  What they refuse fails with EPERM, and without new privileges there is no way back.
"""

import ctypes
import os
import socket
import subprocess
import sys

ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050000 | 38  # EPERM, ENOSYS
EQUAL, MASKED_EQUAL = 4, 7
NAME_SPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
WRITE, EXECUTE = 2, 4  # PROT_WRITE, PROT_EXEC


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp."""
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings(unit):
    """The lines of a unit file: [(key, value)…]."""
    with open(unit, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and line[0] not in "#;["]
    return [tuple(line.split("=", 1)) for line in lines]


def sets():
    """systemd's sets of system calls: {"@name": [members…]}."""
    listed = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter"], capture_output=True, text=True,
                            timeout=20, check=True)
    found, members = {}, []
    for line in listed.stdout.splitlines():
        word = line.strip()
        if word.startswith("@") and not line.startswith(" "):
            members = found.setdefault(word, [])
        elif word and not word.startswith("#"):
            members.append(word)
    return found


def allowed(unit):
    """The names of all system calls that the unit allows."""
    known = sets()

    def expand(word):
        return set().union(*(expand(each) for each in known[word])) if word.startswith("@") else {word}

    names = expand("@default")
    for value in (value for key, value in settings(unit) if key == "SystemCallFilter"):
        mentioned = set().union(*(expand(word) for word in value.lstrip("~").split()))
        names = names - mentioned if value.startswith("~") else names | mentioned
    return names | expand("@default")


def library():
    """libseccomp; None without it."""
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                               ctypes.POINTER(Compare)]
    seccomp.seccomp_load.argtypes = [ctypes.c_void_p]
    return seccomp


def conditions(unit):
    """When a call is allowed, of those that are not always: {name: [a condition on one argument…]}."""
    values = dict(settings(unit))
    found = {}
    if values.get("RestrictNamespaces") == "yes":
        found |= dict.fromkeys(("clone", "unshare"), [Compare(0, MASKED_EQUAL, NAME_SPACES, 0)])
    if "RestrictAddressFamilies" in values:
        families = values["RestrictAddressFamilies"].split()
        found["socket"] = [Compare(0, EQUAL, int(getattr(socket, name)), 0) for name in families]
    if values.get("MemoryDenyWriteExecute") == "yes":
        found["mprotect"] = [Compare(2, MASKED_EQUAL, EXECUTE, 0)]
        found["mmap"] = [Compare(2, MASKED_EQUAL, EXECUTE, 0), Compare(2, MASKED_EQUAL, WRITE, 0)]
    return found


def confine(unit):
    seccomp, special = library(), conditions(unit)
    filter_ = seccomp.seccomp_init(ctypes.c_uint32(REFUSE))
    for name in sorted(allowed(unit)):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # not on this machine
            continue
        if name == "clone3":  # its flags lie in memory, which a filter cannot see: systemd does the same
            assert seccomp.seccomp_rule_add_array(filter_, UNKNOWN, number, 0, None) == 0
            continue
        for condition in special.get(name, [None]):
            count = 0 if condition is None else 1
            array = (Compare * 1)(condition) if count else None
            assert seccomp.seccomp_rule_add_array(filter_, ALLOW, number, count, array) == 0, name
    assert seccomp.seccomp_load(filter_) == 0, "the filter was not loaded"


if __name__ == "__main__":
    confine(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
