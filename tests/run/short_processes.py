"""Many short processes, as a configure script starts them: each is recorded with its start and its end, none finds the pool of shared memory empty,
and nothing is left behind. (Once, segments that came back while the run page was full of names were never offered again.)"""
import os

from run import librun as lib

COUNT = 20000 if lib.SOAK else 1500
run = lib.start("many.rrd", "sh", "-c", f"i=0; while [ $i -lt {COUNT} ]; do /bin/true; i=$((i+1)); done")
directory = lib.run_directory(lib.collector_of(run))
if not os.path.isdir(directory):
    lib.fail(f"no run directory: {directory!r}")
if run.wait(timeout=280):
    lib.fail(f"exit {run.returncode}")
s = lib.stats("many.rrd")
if s["ledger"].get("uncovered") or s["ledger"]["dropped"] or not s["ledger"]["adds_up"]:
    lib.fail(f"ledger {s['ledger']}")
rows = lib.rows("many.rrd", "/logs/true/process")
starts = sum(r["text"].startswith("started") for r in rows)
ends = sum(r["text"] == "exited with status 0" for r in rows)
if (starts, ends) != (COUNT, COUNT):
    lib.fail(f"{starts} starts and {ends} ends of {COUNT}")
if os.path.exists(directory):
    lib.fail(f"left in /dev/shm: {directory}")
print(f"{COUNT} processes")
