#!/usr/bin/env python3
"""Every way to say something (progs/linked/emit_all_ways.c), through `retap run`: each line arrives exactly once, with its stream, its level, and the
function that it was said in; what passes inside the kernel is counted."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libdaemons import JOURNAL, Connections, Datagrams  # noqa: E402
from shimtest import *  # noqa: E402,F403

RETAP = build_dir() + "/retap"
LIBRARIES = {"SYSTEMD": "libsystemd.so.0", "GLIB": "libglib-2.0.so.0"}
LENGTH = len("way 001\n")
# rows that say more about the same call
FURTHER = re.compile(r"Try `.* --help' or `.* --usage' for more information\.|Bail out! .*|")
LAST_WORDS = {"way_double_free", "way_fortify"}  # libc finds these by itself, somewhere below the call


def build():
    """Makes the program once, with the libraries that there are; gives its path."""
    source, out = here("progs/linked/emit_all_ways.c"), build_dir() + "/tests/preload/emit_all_ways"
    if os.path.exists(out) and os.path.getmtime(out) > os.path.getmtime(source):
        return out
    os.makedirs(os.path.dirname(out), exist_ok=True)
    # in line nothing is called; a call at the end of a function is not made from there
    command = [os.environ.get("CC", "gcc"), "-O1", "-g", "-w", "-D_GNU_SOURCE", "-D__NO_INLINE__", "-fno-optimize-sibling-calls",
               "-fno-toplevel-reorder", "-o", out, source, "-Wl,--no-as-needed"]
    for name, library in LIBRARIES.items():
        more = command + ["-DWITH_" + name, "-l:" + library]
        if subprocess.run(more, stderr=subprocess.DEVNULL).returncode == 0:
            command = more
    subprocess.run(command, check=True)
    return out


def ways(group):
    lines = subprocess.run([build(), "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [(int(n), function, source, level, text) for n, of, function, source, level, text in (x.split("\t", 5) for x in lines) if of == group]


def rows_and_stats(group, stdout, stderr):
    with tempfile.TemporaryDirectory() as work:
        recording = work + "/ways.rrd"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("RETAP", "LD_PRELOAD"))} | {"LC_ALL": "C"}
        p = subprocess.run([RETAP, "run", "-q", "-o", recording, "--", build(), group], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                           cwd=work, env=env, timeout=60)
        equal(p.returncode, 0)
        shown = subprocess.run([RETAP, "show", "--json", "--level", "trace", recording], capture_output=True, text=True, check=True).stdout
        stats = subprocess.run([RETAP, "stats", "--json", recording], capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in shown.splitlines()]
    return [r for r in rows if r["path"].split("/")[-1] != "process"], json.loads(stats)


def check(group, stdout, stderr):
    """Compares with the table; gives the text of one line about each way that is wrong."""
    rows, stats = rows_and_stats(group, stdout, stderr)
    wrong, counted = [], 0
    for number, function, source, level, text in ways(group):
        if source == "data":
            counted += 1
            continue
        found = [r for r in rows if re.fullmatch(text, r["text"])]
        rows = [r for r in rows if r not in found]
        got = [(r["path"].split("/")[-1], r["level"], r.get("function")) for r in found]
        if function in LAST_WORDS:
            got = [g[:2] + (function,) for g in got]
        if got != [(source, level, function)]:
            wrong.append("%d %s: %s" % (number, function, got or "nothing, expected %s %s" % (source, level)))
        elif not found[0].get("module", "").endswith("/" + os.path.basename(build())) and function not in LAST_WORDS:
            wrong.append("%d %s: module %s" % (number, function, found[0].get("module")))
    wrong += ["not in the table: %s" % r for r in rows if not FURTHER.fullmatch(r["text"])]
    equal(stats["streams"].get("data", {}).get("bytes", 0), counted * LENGTH)
    if wrong:
        raise AssertionError("\n".join(wrong))


def files(group, mode):
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err, open(out.name, mode) as o, open(err.name, mode) as e:
        check(group, o, e)


def test_at_least_ninety():
    lines = subprocess.run([build(), "list"], capture_output=True, text=True, check=True).stdout.splitlines()
    true(len(lines) >= 90, "%d ways" % len(lines))


def test_files():
    files("file", "ab")


def test_what_is_flushed_at_exit():
    files("exit", "ab")


def test_wide_output():
    files("wide", "ab")


def test_inside_the_kernel():
    files("data", "wb")


def test_inside_the_kernel_to_a_pipe():
    r, w = os.pipe()
    with tempfile.TemporaryFile() as err:
        check("pipe", w, err)
    os.close(r)
    os.close(w)


def test_sockets():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with a, b, tempfile.TemporaryFile() as out:
        check("socket", out, b)


def test_syslog():
    with Datagrams("/dev/log"), Datagrams(514), tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        check("syslog", out, err)


def test_journal():
    with Datagrams(JOURNAL + "socket"), Connections(JOURNAL + "stdout"), tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        check("journal", out, err)


def test_glib():
    if not ways("glib"):
        raise Skip("GLib is not installed")
    files("glib", "ab")


if __name__ == "__main__":
    main(globals())
