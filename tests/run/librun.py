"""What the tests of `retap run` share: starting it, finding its processes, reading what was recorded."""
import json
import os
import re
import struct
import subprocess
import sys
import time

BUILD = os.environ["RETAP_BUILD"]
RETAP = os.path.join(BUILD, "retap")
COUNTER = os.path.join(BUILD, "tests/run/hosts/counter")
SOAK = bool(os.environ.get("RETAP_SOAK"))
LINE = re.compile(r"thread (\d+) line (\d+) (.*)$")
FOX = "the quick brown fox jumps over the lazy dog while the collector drains what it can get hold of"


def fail(text):
    print("FAILED:", text)
    sys.exit(1)


def start(output, *cmd, options=(), **kw):
    kw.setdefault("stderr", subprocess.DEVNULL)
    return subprocess.Popen([RETAP, "run", "-o", output, *options, "--", *cmd], stdin=subprocess.DEVNULL, **kw)


def children(pid):
    out = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as f:
            out += [int(x) for x in f.read().split()]
    return out


def collector_of(run, patience=5):
    """Pid of the collector of a running `retap run`; 0 when there is none within @patience seconds."""
    until = time.time() + patience
    while time.time() < until and run.poll() is None:
        try:
            for pid in children(run.pid):
                with open(f"/proc/{pid}/cmdline") as f:
                    if f.read().split("\0")[1:2] == ["collect"]:
                        return pid
        except OSError:
            pass
        time.sleep(0.001)
    return 0


def run_directory(collector):
    """Of a running collector; "" when it has ended."""
    try:
        with open(f"/proc/{collector}/environ") as f:
            return dict(v.split("=", 1) for v in f.read().split("\0") if "=" in v).get("RETAP_RUN", "")
    except OSError:
        return ""


def counter_state(path):
    """(pid, returned calls by thread) as the counter noted them."""
    with open(path, "rb") as f:
        words = struct.unpack("65Q", f.read(65 * 8))
    return words[0], words[1:]


def wait_for_counter(path, patience=5):
    until = time.time() + patience
    while time.time() < until:
        try:
            pid, _ = counter_state(path)
            if pid:
                return pid
        except (OSError, struct.error):
            pass
        time.sleep(0.001)
    fail("the counter did not start")


def rows(path, entity):
    out = subprocess.run([RETAP, "show", "--json", "--path", entity, path], capture_output=True, text=True)
    if out.returncode:
        fail(f"retap show {path}: exit {out.returncode}: {out.stderr}")
    return [json.loads(line) for line in out.stdout.splitlines()]


def stats(path):
    out = subprocess.run([RETAP, "stats", "--json", path], capture_output=True, text=True)
    if out.returncode:
        fail(f"retap stats {path}: exit {out.returncode}: {out.stderr}")
    return json.loads(out.stdout)


def wait_for_close(path, patience=60):
    """`retap run` waits no longer than two seconds for a collector that a busy machine does not let get on; the file is complete all the same."""
    until = time.time() + patience
    while not stats(path)["footer"]:
        if time.time() > until:
            fail(f"{path} was not closed")
        time.sleep(0.05)


WAYS = {"w": "stderr", "f": "stderr", "s": "syslog", "p": "stdout"}  # of the counter: where its lines are recorded


def line_of(thread, n):
    return f"thread {thread} line {n} {FOX[:n * 7 % 90]}"


def check_counter(path, returned, what, at_most_one_more=True, ways="w"):
    """Every line whose call returned is there once, nothing else but at most the one line a thread was writing."""
    seen = {}
    # what libc wrote of a buffer in the middle of the call that was then killed
    open_lines = [line_of(thread, n) for thread, n in enumerate(returned) if at_most_one_more and ways[thread % len(ways)] == "p"]
    for row in rows(path, "/logs/counter/**"):
        source = row["path"].split("/")[-1]
        cut = [line for line in open_lines if line != row["text"] and line.startswith(row["text"])]
        if source == "process":
            continue
        if source == "stdout" and cut:
            open_lines = []
            continue
        m = LINE.match(row["text"])
        if not m:
            fail(f"{what}: garbage in the recording: {row['text']!r}")
        thread, n, tail = int(m[1]), int(m[2]), m[3]
        if source != WAYS[ways[thread % len(ways)]]:
            fail(f"{what}: thread {thread} is recorded under {source}: {row['text']!r}")
        if tail != FOX[:n * 7 % 90]:
            fail(f"{what}: thread {thread} line {n} is damaged: {row['text']!r}")
        seen.setdefault(thread, []).append(n)
    for thread, count in enumerate(returned):
        got = seen.get(thread, [])
        if len(set(got)) != len(got):
            twice = sorted({n for n in got if got.count(n) > 1})[:5] if len(got) < 20000 else "..."
            fail(f"{what}: thread {thread}: {len(got) - len(set(got))} lines twice: {twice}")
        missing = set(range(count)) - set(got)
        if missing:
            fail(f"{what}: thread {thread}: {len(missing)} of {count} lines are missing, first {sorted(missing)[:5]}")
        extra = set(got) - set(range(count + (1 if at_most_one_more else 0)))
        if extra:
            fail(f"{what}: thread {thread} has lines that it never wrote: {sorted(extra)[:5]}")
    return sum(len(v) for v in seen.values())
