"""The demo, as `make demo` runs it: five real programs in one recording; the official tools have nothing to complain of, and the official viewer shows
what the programs said, with levels."""
import json
import os
import re
import subprocess
import sys

from judge import recording as judge
from viewer.libviewer import Viewer

RETAP = os.path.join(os.environ["RETAP_BUILD"], "retap")
SAID = {  # text of a row: its level
    "arm WARNING torque limit near: 41.7 of 45 Nm": "WARN",
    "RuntimeError: emergency stop": "ERROR",
    "battery at 18 %": "WARN",
    "no-such-page\" failed (2: No such file or directory)": "ERROR",
    "broken.c:5:20: error: ": "ERROR",
    "killed by SIGKILL": "ERROR",
}

done = subprocess.run([os.path.join(os.environ["RETAP_SRC"], "scripts/demo"), os.path.abspath("demo.rrd")], capture_output=True, text=True)
judge.check(done.returncode == 0, "the demo ended with", done.returncode, done.stderr)
judge.judge_cli("demo.rrd")
out, _ = judge.cli("stats", "demo.rrd")
counted = int(re.sub(r"[^0-9]", "", re.search(r"^num_rows = (.*)$", out, re.M)[1]))
stats = json.loads(subprocess.run([RETAP, "stats", "--json", "demo.rrd"], check=True, capture_output=True, text=True).stdout)
judge.check(counted == stats["rows"] + stats["static_rows"], "rerun counts", counted, "rows, retap", stats["rows"], "and", stats["static_rows"])

rows = [json.loads(x) for x in subprocess.run([RETAP, "show", "--json", "--level", "warn", "demo.rrd"], check=True, capture_output=True,
                                              text=True).stdout.splitlines()]
for text, level in SAID.items():
    found = [r for r in rows if text in r["text"]]
    judge.check(found and all(r["level"] == level for r in found), text, "is", [r["level"] for r in found] or "missing")

with Viewer("demo.rrd") as v:
    v.until("killed by SIGKILL", lambda: v.text_seen("killed by SIGKILL"))  # among the last rows, where the viewer opens
    v.until("its level", lambda: v.text_seen("ERROR"))
    missing = {"/logs/nginx/stderr", "/logs/python3/stderr", "/logs/logger/stderr", "/logs/cc1/stderr", "/logs/find/stderr"} - v.entities()
    judge.check(not missing, "missing in the viewer:", missing)
    judge.check(not v.complaints(), "the viewer says:", v.complaints())
