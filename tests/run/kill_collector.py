"""The collector killed by SIGKILL at random instants, several times in one run, sometimes together with the program: the launcher starts it again and
the file has every line exactly once, is closed, and has a footer. (Programs wait for room as long as it takes: a busy machine must not look like a loss.)"""
import os
import random
import signal
import time

from run import librun as lib

ROUNDS = 100 if lib.SOAK else 10
WAYS = "wfsp"
total = 0
for i in range(ROUNDS):
    for name in ("shared", "c.rrd"):
        if os.path.exists(name):
            os.unlink(name)
    both = i % 3 == 2
    with open("out", "wb") as out:
        run = lib.start("c.rrd", lib.COUNTER, "shared", "8", "0" if both else "1500", "200", WAYS, stdout=out,
                        options=("--tick", "20ms", "--full-wait", "10s"))
    pid = lib.wait_for_counter("shared")
    for k in range(random.randint(1, 3)):
        time.sleep(random.uniform(0, 0.1))
        collector = lib.collector_of(run, 0.5)
        if collector:
            os.kill(collector, signal.SIGKILL)
    if both:
        os.kill(pid, signal.SIGKILL)
    status = run.wait(timeout=60)
    if status != (-signal.SIGKILL if both else 0):
        lib.fail(f"round {i}: retap run ended with {status}")
    what = f"round {i}{' (both killed)' if both else ''}"
    total += lib.check_counter("c.rrd", lib.counter_state("shared")[1], what, at_most_one_more=both, ways=WAYS)
    s = lib.stats("c.rrd")
    if not s["footer"]:
        lib.fail(f"{what}: no footer")
    if s["ledger"]["dropped"]:
        lib.fail(f"{what}: {s['ledger']['dropped']} lines dropped")
print(f"{ROUNDS} runs, {total} lines")
