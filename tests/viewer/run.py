"""What `retap run` recorded, in the official viewer: the rows' texts and levels, the entities, the exact range of log_time, and not a word of complaint."""
import json
import os
import subprocess
import sys

from viewer.libviewer import Viewer

RETAP = os.path.join(os.environ["RETAP_BUILD"], "retap")
SCRIPT = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s")
logging.getLogger("arm").warning("torque limit near")
logging.getLogger("arm").error("joint 3 does not answer")
print("plain line", file=sys.stderr)
"""
subprocess.run([RETAP, "run", "-q", "-o", "v.rrd", "--", "/usr/bin/python3", "-c", SCRIPT], check=True, stderr=subprocess.DEVNULL)
rows = [json.loads(x) for x in subprocess.run([RETAP, "show", "--json", "v.rrd"], check=True, capture_output=True, text=True).stdout.splitlines()]
times = [r["time_ns"] for r in rows]

with Viewer("v.rrd") as v:
    for text in ("WARNING arm torque limit near", "ERROR arm joint 3 does not answer", "plain line"):
        v.until(text, lambda: v.text_seen(text))
    for level in ("WARN", "ERROR", "INFO"):
        v.until("level " + level, lambda: v.text_seen(level))
    missing = {"/logs/python3/stderr", "/logs/python3/process", "/process/python3"} - v.entities()
    if missing:
        sys.exit(f"FAILED: entities missing in the viewer: {missing}")
    start, end = v.time_range("log_time")
    if not (start <= min(times) and end >= max(times) and end - start < 60e9):
        sys.exit(f"FAILED: log_time {start}..{end}, rows {min(times)}..{max(times)}")
    if v.complaints():
        sys.exit("FAILED: the viewer says: " + "; ".join(v.complaints()))
