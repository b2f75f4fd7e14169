"""A program of eight threads, killed by SIGKILL at a random instant while they log by write(2), fprintf(stderr), syslog(3) and printf: every line whose
call returned is recorded, once, and nothing that was never written; no more than one record a thread is cut; `retap run` ends by the same
signal. A hundred instants in `make check`, a thousand in `make soak`."""
import concurrent.futures
import os
import random
import signal
import time

from run import librun as lib

ROUNDS = 1000 if lib.SOAK else 100
THREADS = 8
WAYS = "wfsp"


def play(i):
    shared, recording = f"shared{i}", f"k{i}.rrd"
    with open(f"out{i}", "wb") as out:
        run = lib.start(recording, lib.COUNTER, shared, str(THREADS), "0", random.choice(["0", *["50", "100", "300"] * 4]), WAYS, stdout=out,
                        options=("--full-wait", "10s"))
        pid = lib.wait_for_counter(shared)
        time.sleep(random.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
        status = run.wait(timeout=30)
    if status != -signal.SIGKILL:
        lib.fail(f"round {i}: retap run ended with {status}, not by SIGKILL")
    lib.wait_for_close(recording)
    n = lib.check_counter(recording, lib.counter_state(shared)[1], f"round {i}", ways=WAYS)
    ledger = lib.stats(recording)["ledger"]
    if ledger["dropped"] or not ledger["adds_up"] or ledger.get("truncated", 0) > THREADS:
        lib.fail(f"round {i}: {ledger}")
    for name in (shared, recording, f"out{i}"):
        os.unlink(name)
    return n


with concurrent.futures.ThreadPoolExecutor(2) as pool:
    total = sum(pool.map(play, range(ROUNDS)))
print(f"{ROUNDS} kills, {total} lines")
