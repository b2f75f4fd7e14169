"""A program killed by SIGKILL at a random instant: every line whose write(2) returned is recorded, once, and nothing that was never
written; `retap run` ends by the same signal. A tenth of the rounds in `make check`, all of them in `make soak`."""
import os
import random
import signal
import time

from run import librun as lib

ROUNDS = 200 if lib.SOAK else 20
total = 0
for i in range(ROUNDS):
    for name in ("shared", "k.rrd"):
        if os.path.exists(name):
            os.unlink(name)
    run = lib.start("k.rrd", lib.COUNTER, "shared", "8", "0", random.choice(["0", "0", "20"]))
    pid = lib.wait_for_counter("shared")
    time.sleep(random.uniform(0, 0.06))
    os.kill(pid, signal.SIGKILL)
    status = run.wait(timeout=30)
    if status != -signal.SIGKILL:
        lib.fail(f"round {i}: retap run ended with {status}, not by SIGKILL")
    total += lib.check_counter("k.rrd", lib.counter_state("shared")[1], f"round {i}")
    s = lib.stats("k.rrd")
    if s["ledger"]["dropped"]:
        lib.fail(f"round {i}: {s['ledger']['dropped']} lines dropped")
print(f"{ROUNDS} kills, {total} lines")
