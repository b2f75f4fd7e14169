"""Real programs under `retap run`, judged by the official tools: `rerun rrd verify` has nothing to say, `rerun rrd stats` counts the rows that
`retap stats` counts, and the Python SDK and pyarrow read back every line that the programs printed, once, with its level, at ascending unique times."""
import collections
import json
import os
import re
import subprocess
import sys

import pyarrow as pa

from judge import recording as judge

RETAP = os.path.join(judge.BUILD, "retap")
PROGRAM = r"""
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(name)s:%(message)s", stream=sys.stderr)
names = ["debug", "info", "warning", "error", "critical"]
for i in range(2000):
    getattr(logging.getLogger("part%d" % (i % 7)), names[i % 5])("line %d, bytes \u00e9\u4e16 %s" % (i, "x" * (i % 50)))
print("to stdout", flush=True)
"""
LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"]
NAMES = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
COMMAND = "/usr/bin/python3 -c \"$1\"; seq 1 5000 >&2; ls /nonexistent; exit 7"


def expected():
    """(text, level) by entity, in order."""
    log = [(f"{NAMES[i % 5]}:part{i % 7}:line {i}, bytes \u00e9\u4e16 {'x' * (i % 50)}", LEVELS[i % 5]) for i in range(2000)]
    return {"/logs/python3/stderr": log, "/logs/python3/stdout": [("to stdout", "INFO")],
            "/logs/seq/stderr": [(str(i), "INFO") for i in range(1, 5001)],
            "/logs/ls/stderr": [("ls: cannot access '/nonexistent': No such file or directory", None)]}


def rows(batches, entity):
    out = []
    for b in batches.get(entity, []):
        times = b.column("log_time").cast(pa.int64()).to_pylist()
        out += zip(times, b.column("TextLog:text").to_pylist(), b.column("TextLog:level").to_pylist())
    return out


def judge_rows(who, batches):
    for entity, want in expected().items():
        got = rows(batches, entity)
        times = [t for t, _, _ in got]
        judge.check(times == sorted(set(times)), who, entity, "times are not ascending and unique")
        judge.check(len(got) == len(want), who, entity, "has", len(got), "rows of", len(want))
        for (_, text, level), (want_text, want_level) in zip(got, want):
            judge.check(text == [want_text], who, entity, "text", text, "expected", want_text)
            judge.check(want_level is None or level == [want_level], who, entity, "level", level, "of", text)
    states = [s[0] for b in batches["/process/python3"] for s in b.column("StateChange:state").to_pylist()]
    judge.check(states[:2] == ["started", "running"] and states[-1] == "exited(0)", who, "states of python3:", states)


def main():
    path = os.path.abspath("judged.rrd")
    run = subprocess.run([RETAP, "run", "-q", "-o", path, "--", "sh", "-c", COMMAND, "sh", PROGRAM], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    judge.check(run.returncode == 7, "retap run ended with", run.returncode)
    judge.judge_cli(path)

    out, _ = judge.cli("stats", path)
    counted = int(re.sub(r"[^0-9]", "", re.search(r"^num_rows = (.*)$", out, re.M)[1]))
    stats = json.loads(subprocess.run([RETAP, "stats", "--json", path], check=True, capture_output=True, text=True).stdout)
    judge.check(counted == stats["rows"] + stats["static_rows"], "rerun counts", counted, "rows, retap", stats["rows"], stats["static_rows"])
    judge.check(stats["ledger"]["adds_up"] and stats["ledger"]["dropped"] == 0, "ledger", stats["ledger"])

    judge_rows("pyarrow", judge.read_by_hand(path))
    batches = collections.defaultdict(list)
    for chunk in judge.RrdReader(path).stream().to_chunks():
        batches[chunk.entity_path].append(chunk.to_record_batch())
    for entity in batches:
        if "log_time" in batches[entity][0].schema.names:
            batches[entity].sort(key=lambda b: b.column("log_time").cast(pa.int64())[0].as_py())
    judge_rows("rerun.chunk", batches)
    print(f"{stats['rows']} rows, equal in the Python SDK and pyarrow")


if __name__ == "__main__":
    main()
