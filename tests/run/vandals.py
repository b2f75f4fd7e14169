"""Programs that attack the shared memory they were given, and its files: hosts/vandal, in each of its ways. `retap run` ends as its program did, the file
is whole, one warning a vandal at most, and a program that runs beside them loses nothing and is blamed for nothing. Some seeds of each way in
`make check`, a thousand in `make soak`; with RETAP_BUILD=build/asan the collector watches its own steps."""
import glob
import os
import random
import subprocess
import time

from run import librun as lib

VANDAL = os.path.join(lib.BUILD, "tests/run/hosts/vandal")
MODES = subprocess.run([VANDAL, "list"], capture_output=True, text=True, check=True).stdout.split()
AT_ONCE = 6 if lib.SOAK else 4
ROUNDS = 1000 // AT_ONCE if lib.SOAK else len(MODES) * 2 // AT_ONCE + 1
MEMORY_MOST = 512 << 20 if "asan" in lib.BUILD else 128 << 20
DIES = {-4, -7, -9, -11}  # what becomes of the vandal itself is its own doing
FIRST = int(os.environ.get("VANDAL_SEED", random.randrange(1 << 20)))  # a test sees no variable of retap's: for runs by hand


def memory(pid):
    """Largest resident memory that is the process's own: what it shares with programs is theirs."""
    try:
        with open(f"/proc/{pid}/status") as f:
            text = f.read()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("RssAnon"))


def left():
    found = []
    for recording in glob.glob("/dev/shm/retap-*/recording"):
        try:
            with open(recording) as f:
                found += [os.path.dirname(recording)] if os.path.abspath("v.rrd") in f.read() else []
        except OSError:
            pass
    return found


def play(what, vandals):
    for name in ("shared", "v.rrd"):
        if os.path.exists(name):
            os.unlink(name)
    attacks = "".join(f"{VANDAL} {mode} {seed} 150 2>>{mode}.err & " for mode, seed in vandals)
    script = f'{lib.COUNTER} shared 2 300 1000 & good=$!; while [ ! -s shared ]; do sleep 0.01; done; {attacks} wait $good || exit 9; wait; exit 5'
    env = dict(os.environ, ASAN_OPTIONS="log_path=" + os.path.abspath("asan") + ":detect_leaks=0:handle_sigbus=0")
    run = lib.start("v.rrd", "sh", "-c", script, options=("--tick", "50ms", "--full-wait", "500ms"), env=env)
    collector, most, until = lib.collector_of(run), 0, time.time() + 60
    while run.poll() is None and time.time() < until:
        most = max(most, memory(collector))
        time.sleep(0.02)
    if run.poll() is None:
        run.kill()
        lib.fail(f"{what}: it did not end")
    if run.returncode != 5:
        lib.fail(f"{what}: retap run ended with {run.returncode}")
    for log in glob.glob("asan.*"):
        with open(log) as f:
            lib.fail(f"{what}: {f.read()[:4000]}")
    if most > MEMORY_MOST:
        lib.fail(f"{what}: the collector took {most >> 20} MiB")
    lib.check_counter("v.rrd", lib.counter_state("shared")[1], what, at_most_one_more=False)
    s = lib.stats("v.rrd")
    if not s["footer"] or s["damaged"] or not s["ledger"]["adds_up"]:
        lib.fail(f"{what}: footer {s['footer']}, damaged {s['damaged']}, ledger {s['ledger']}")
    own = [r for r in lib.rows("v.rrd", "/logs/retap/collector") if r["level"] != "INFO"]
    if len(own) > 2 * len(vandals):
        lib.fail(f"{what}: {len(own)} warnings: {[r['text'] for r in own[:20]]}")
    counter = lib.counter_state("shared")[0]
    names = {p["program"] for p in s["processes"] if p["pid"] == counter}
    if names != {"sh", "counter"}:  # forked by the one, then the other
        lib.fail(f"{what}: the counter, {counter}, is called {names}")
    until = time.time() + 5  # the collector tidies up when it has said that the file is closed
    while left() and time.time() < until:
        time.sleep(0.01)
    if left():
        lib.fail(f"{what}: {left()} is left")
    return len(own)


warnings = 0
order = MODES * (ROUNDS * AT_ONCE // len(MODES) + 1)
for i in range(ROUNDS):
    crew = [(order[i * AT_ONCE + k], FIRST + i * AT_ONCE + k) for k in range(AT_ONCE)]
    warnings += play(f"round {i} {crew}", crew)
print(f"{ROUNDS} rounds of {AT_ONCE} vandals, seeds from {FIRST}, {warnings} warnings")
