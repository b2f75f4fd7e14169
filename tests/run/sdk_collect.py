"""Programs that stage the rows of their recordings through a collector (sdk/staged.c, RETAP_COLLECT=1).

Killed by SIGKILL at random instants while four threads log: each row whose call returned is in the file, once, in the order of its thread, and at most the
one that a thread was writing beside them. Fifty kills in the full size (RETAP_SOAK), five otherwise. And: exit without free; children of fork; flush; sinks
that are replaced; rows of all kinds and sizes, as without a collector; handed over in the middle; the shim in the same process; no collector to be had; a collector that is killed."""
import glob
import json
import os
import random
import re
import signal
import subprocess
import time

from run import librun as lib

STAGED = os.path.abspath(os.path.join(lib.BUILD, "tests/run/sdk/staged"))
RERUN = os.path.join(os.environ.get("RETAP_VENV", ""), "bin/rerun")
KILLS = 50 if lib.SOAK else 5
THREADS = 4
ROW = re.compile(r"thread (\d+) line (\d+) (.*)$")


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RETAP_", "RERUN"))}
    return {**env, "RETAP_COLLECT": "1", **more}


def run(*args, env=None, timeout=60, **kw):
    return subprocess.run([STAGED, *args], env=env or environment(), text=True, capture_output=True, timeout=timeout, **kw)


def collectors():
    """Those that programs of this test started: they work where these did."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path) as f:
                if f.read().split("\0")[1:4] == ["collect", "-o", "/dev/null"] and os.readlink(os.path.dirname(path) + "/cwd") == os.getcwd():
                    found.append(path)
        except OSError:
            pass
    return found


def wait_until(what, test, patience=30):
    until = time.time() + patience
    while not test():
        if time.time() > until:
            lib.fail(f"in vain: {what}")
        time.sleep(0.02)


def check(file, entity, counts, what, one_more):
    """counts: rows of each thread whose calls returned."""
    for thread, count in enumerate(counts):
        seen = []
        for row in lib.rows(file, f"{entity}/{thread}"):
            m = ROW.match(row["text"])
            if not m or int(m[1]) != thread or m[3] != lib.FOX[:int(m[2]) * 7 % 90]:
                lib.fail(f"{what}: thread {thread}: {row}")
            seen.append(int(m[2]))
        if seen != list(range(len(seen))):
            wrong = [(i, n) for i, n in enumerate(seen) if i != n][:3]
            lib.fail(f"{what}: thread {thread}: {len(seen)} rows, not in order or not once each: {wrong}")
        if not count <= len(seen) <= count + one_more:
            lib.fail(f"{what}: thread {thread}: {len(seen)} rows, {count} calls returned")
    return sum(counts)


def closed(file):
    p = subprocess.run([lib.RETAP, "stats", "--json", file], capture_output=True, text=True)
    return p.returncode == 0 and json.loads(p.stdout)["footer"]  # else it is being written


def kills():
    total = 0
    for i in range(KILLS):
        file, shared = f"kill{i}.rrd", f"shared{i}"
        p = subprocess.Popen([STAGED, "count", file, shared, str(THREADS), "0", random.choice(["0", "50", "100", "300"])], env=environment())
        pid = lib.wait_for_counter(shared)
        time.sleep(random.uniform(0, 0.4))
        os.kill(pid, signal.SIGKILL)
        p.wait()
        wait_until(f"round {i}: the collector closes the file", lambda: closed(file))
        total += check(file, "/count", lib.counter_state(shared)[1][:THREADS], f"round {i}", 1)
        os.unlink(file)
    return total


def at_exit():
    p = run("count", "exit.rrd", "shared", "4", "20000", "0")
    if p.returncode or p.stderr:
        lib.fail(f"exit: {p}")
    if not closed("exit.rrd"):
        lib.fail("exit: the program has ended, its file is not closed")
    check("exit.rrd", "/count", [20000] * 4, "exit", 0)


def forked():
    p = run("fork", "fork.rrd", "3", "500")
    pids = p.stdout.split()
    if p.returncode or p.stderr or len(pids) != 3:
        lib.fail(f"fork: {p}")
    check("fork.rrd", "/count", [500, 500], "fork, parent", 0)
    for pid in pids:
        wait_until(f"fork: fork.{pid}.rrd is closed", lambda: closed(f"fork.{pid}.rrd"))
        check(f"fork.{pid}.rrd", "/child", [500], f"fork, child {pid}", 0)
    if lib.rows("fork.rrd", "/child/**"):
        lib.fail("fork: the parent's file has rows of its children")


def flushed():
    p = subprocess.Popen([STAGED, "flush", "flush.rrd"], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for i in range(3):
        code = p.stdout.readline().strip()
        found = [r["text"] for r in lib.rows("flush.rrd", "/flush")]
        if code != "0" or found != [f"row {k}" for k in range(i + 1)]:
            lib.fail(f"flush {i}: code {code}, a reader sees {found}")
        p.stdin.write("\n")
        p.stdin.flush()
    if p.wait():
        lib.fail(f"flush: ended with {p.returncode}")


def swapped():
    p = run("swap", "one.rrd", "two.rrd")
    if p.returncode or p.stderr:
        lib.fail(f"swap: {p}")
    for thread in range(4):
        numbers = []
        for file in ("one.rrd", "two.rrd"):
            part = [int(ROW.match(r["text"])[2]) for r in lib.rows(file, f"/count/{thread}")]
            if not part:
                lib.fail(f"swap: {file} has no row of thread {thread}")
            numbers += part
        if numbers != list(range(3000)):
            lib.fail(f"swap: thread {thread} has {len(numbers)} rows in both files")


def mixed(again=False):
    """As without a collector; with @again it is killed in the middle."""
    names = ("private.rrd", "staged.rrd")
    for name in names:
        if os.path.exists(name):
            os.unlink(name)
    never = {"RERUN_FLUSH_TICK_SECS": "inf"}  # compare sees chunk borders
    for name, env in (("private.rrd", environment(RETAP_COLLECT="0", **never)), ("staged.rrd", environment(**never))):
        if again and name == "staged.rrd":
            p = lib.start("mixed-shim.rrd", STAGED, "mixed", name, env=env, stderr=subprocess.PIPE, text=True, options=("--tick", "10ms"))
            wait_until("mixed: the program starts", lambda: os.path.exists(name))
            time.sleep(random.uniform(0, 0.2))
            collector = lib.collector_of(p)
            if collector:
                os.kill(collector, signal.SIGKILL)
            p.stderr = p.communicate(timeout=60)[1]
        else:
            p = run("mixed", name, env=env)
        if p.returncode or p.stderr:
            lib.fail(f"mixed: {name}: {p.returncode} {p.stderr}")
    if not os.path.exists(RERUN):
        return
    for name in names:
        subprocess.run([RERUN, "rrd", "verify", name], check=True, capture_output=True)
        subprocess.run([RERUN, "rrd", "filter", "--drop-entity", "/__properties", "-o", name + ".f", name], check=True, capture_output=True)
        subprocess.run([RERUN, "rrd", "optimize", name + ".f", "-o", name + ".o"], check=True, capture_output=True)
    p = subprocess.run([RERUN, "rrd", "compare", "--unordered", "--ignore-chunks-without-components", "private.rrd.o", "staged.rrd.o"],
                       capture_output=True, text=True)
    if p.returncode:
        lib.fail(f"mixed: {p.stdout[-2000:]}{p.stderr[-2000:]}")


def by_hand():
    p = run("call", "call.rrd", "kill", env=environment(RETAP_COLLECT="0"))
    if p.returncode != -signal.SIGKILL or not p.stdout.startswith("0x0"):
        lib.fail(f"by hand: {p}")
    wait_until("by hand: the collector closes the file", lambda: closed("call.rrd"))
    check("call.rrd", "/count", [10, 10], "by hand", 0)


def in_a_handler():
    if run("signal", "signal.rrd").returncode != -signal.SIGKILL:
        lib.fail("signal: it does not die")
    wait_until("signal: the collector closes the file", lambda: closed("signal.rrd"))
    check("signal.rrd", "/count", [100], "signal", 0)
    if [(r["level"], r["text"]) for r in lib.rows("signal.rrd", "/signal")] != [("CRITICAL", "the last words")]:
        lib.fail(f"signal: {lib.rows('signal.rrd', '/signal')}")


def without():
    """The error says what was tried; rows go the usual way."""
    p = run("count", "without.rrd", "shared2", "2", "100", "0", env=environment(RETAP_PATH="/nowhere/retap"))
    if p.returncode or "/nowhere/retap" not in p.stderr or not p.stderr.startswith("error 0x101"):
        lib.fail(f"without a collector: {p}")
    check("without.rrd", "/count", [100, 100], "without a collector", 0)


def with_shim():
    p = lib.start("shim.rrd", STAGED, "both", "both.rrd", "300", env=environment())
    if p.wait(timeout=60):
        lib.fail(f"with the shim: ended with {p.returncode}")
    check("both.rrd", "/count", [300], "with the shim", 0)
    said = [r["text"] for r in lib.rows("shim.rrd", "/logs/staged/stderr")]
    if said != [f"said {i}" for i in range(300)]:
        lib.fail(f"with the shim: {len(said)} lines of standard error")
    if [r for r in lib.rows("shim.rrd", "/logs/retap/collector") if r["level"] != "INFO"]:
        lib.fail(f"with the shim: {lib.rows('shim.rrd', '/logs/retap/collector')}")


def collector_killed():
    """A collector that is killed is started again by `retap run`, and goes on with the files."""
    for i in range(5 if lib.SOAK else 2):
        file = f"again{i}.rrd"
        if os.path.exists("shared3"):
            os.unlink("shared3")
        p = lib.start("again-shim.rrd", STAGED, "count", file, "shared3", "4", "8000", "50", env=environment(), options=("--tick", "100ms"))
        lib.wait_for_counter("shared3")
        for _ in range(4):
            time.sleep(random.uniform(0, 0.3))
            collector = lib.collector_of(p)
            if collector:
                os.kill(collector, signal.SIGKILL)
        if p.wait(timeout=60):
            lib.fail(f"collector killed: retap run ended with {p.returncode}")
        wait_until("collector killed: the next one closes the file", lambda: closed(file))
        check(file, "/count", [8000] * 4, f"collector killed, round {i}", 0)
    mixed(again=True)


n = kills()
for part in (at_exit, forked, flushed, swapped, mixed, by_hand, in_a_handler, without, with_shim, collector_killed):
    part()
wait_until("all collectors end", lambda: not collectors())
print(f"{KILLS} kills, {n} rows")
