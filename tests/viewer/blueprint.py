"""A blueprint of the C API in the official viewer, as a recording's default and as a file beside it: its views are there under their names, the log view
has its columns and hides the levels that are not chosen; and not a word of complaint."""
import os
import subprocess
import sys

from viewer.libviewer import Viewer

EMIT = os.path.join(os.environ["RETAP_BUILD"], "tests/viewer/emit_shown")
VIEWS = {("TextLog", "Chosen logs"), ("TimeSeries", "Chosen plot"), ("3D", "Chosen scene")}


def shown(*files):
    with Viewer(*files) as v:
        v.until("the views", lambda: {(w["class"], w["name"]) for w in v.tool("rerun_get_state")["views"]} == VIEWS)
        for text in ("INFO number 0", "ERROR number 11"):
            v.until(text, lambda: v.text_seen(text))
        if v.text_seen("DEBUG number"):
            sys.exit("FAILED: a level that is not chosen is shown")
        if v.text_seen("/logs/a"):
            sys.exit("FAILED: a column that is not chosen is shown")
        if v.complaints():
            sys.exit("FAILED: the viewer says: " + "; ".join(v.complaints()))


subprocess.run([EMIT, "with.rrd"], check=True)
shown("with.rrd")
subprocess.run([EMIT, "without.rrd", "beside.rbl"], check=True)
shown("without.rrd", "beside.rbl")
