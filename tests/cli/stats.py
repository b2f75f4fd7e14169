"""retap stats: counts against what was written and against rerun's own; the ledger; files without footer, cut or damaged."""
import json
import os
import re
import subprocess

import numpy as np
import pyarrow as pa
import rerun as rr

RETAP = os.path.join(os.environ["RETAP_BUILD"], "retap")
RERUN = os.path.join(os.environ["RETAP_VENV"], "bin/rerun")
DATA = os.path.join(os.environ["RETAP_SRC"], "tests/data")
BASE = 1_700_000_000_000_000_000
counts = {"passed": 0, "failed": 0}


def run(*args, stdin=None):
    return subprocess.run([RETAP, "stats", *args], capture_output=True, input=stdin, env=dict(os.environ, TZ="UTC"))


def stats(*args, status=0, stdin=None):
    done = run("--json", *args, stdin=stdin)
    assert done.returncode == status, (done.returncode, done.stderr)
    return json.loads(done.stdout)


def case(fn):
    try:
        fn()
        counts["passed"] += 1
    except Exception as e:  # a failing case must not hide the others
        counts["failed"] += 1
        print(f"FAILED {fn.__name__}: {type(e).__name__} {e}")


def send(rec, path, n, levels, pids):
    columns = [*rr.TextLog.columns(text=[f"line {i}" for i in range(n)], level=(levels * n)[:n]),
               *rr.AnyValues.columns(**{"retap.Log:pid": pa.array((pids * n)[:n], pa.uint32())})]
    stamps = (np.arange(n) * 10**6 + BASE).astype("datetime64[ns]")
    rr.send_columns(path, [rr.TimeColumn("log_time", timestamp=stamps)], columns, recording=rec)


def ledger(rec, **values):
    rec.log("/stats/ledger", rr.AnyValues(**{f"retap.Ledger:{k}": pa.array([v], pa.uint64()) for k, v in values.items()}), static=True)


def make(name, **values):
    rec = rr.RecordingStream("retap_stats", recording_id=name)
    rec.save(name + ".rrd")
    send(rec, "/logs/nginx/stderr", 100, ["INFO", "WARN", "ERROR", "INFO"], [7, 7, 8])
    send(rec, "/logs/nginx/stdout", 20, ["NOTICE", "INFO"], [7])
    send(rec, "/logs/my\\ prog/stderr", 10, ["INFO"], [9])
    send(rec, "/problems/nginx/stderr", 25, ["ERROR"], [7])
    rr.send_columns("/stats/rate", [rr.TimeColumn("log_time", timestamp=[1_700_000_100.0])], rr.Scalars.columns(scalars=[1.0]), recording=rec)
    for v in values.pop("ledgers", []):
        ledger(rec, **v)
        rec.flush()  # each a chunk of its own, in this order
    rec.flush()
    rec.disconnect()


make("plain")
make("full", ledgers=[dict(emitted=1, stored=9, folded=0, limited=0, dropped=0),
                      dict(emitted=140, stored=130, folded=4, limited=1, dropped=5, dropped_bytes=77, stderr_bytes=2000, stderr_lines=111, stdout_bytes=5,
                           journal_text_bytes=3, journal_text_calls=1)])


@case
def rows_are_counted_by_kind_path_level_and_process():
    s = stats("plain.rrd")
    assert (s["rows"], s["log_rows"], s["static_rows"]) == (156, 130, 1), s
    assert s["paths"] == {"/logs/nginx/stderr": 100, "/logs/nginx/stdout": 20, "/logs/my\\ prog/stderr": 10,
                          "/problems/nginx/stderr": 25, "/stats/rate": 1}
    assert s["levels"] == {"INFO": 70, "WARN": 25, "ERROR": 25, "NOTICE": 10}, s["levels"]
    assert {(p["program"], p["pid"]): p["rows"] for p in s["processes"]} == {("nginx", 7): 87, ("nginx", 8): 33, ("my\\ prog", 9): 10}
    assert s["streams"] == {"stderr": {"rows": 110}, "stdout": {"rows": 20}} and s["ledger"] is None
    assert s["time"]["first_ns"] == BASE and s["time"]["last"] == "2023-11-14T22:15:00.000000000Z"


@case
def size_and_chunks_are_those_of_the_file():
    s = stats("plain.rrd")
    size = os.path.getsize("plain.rrd")
    assert s["bytes"] == size and s["bytes_per_row"] == int(size / 156 * 10 + 0.5) / 10 and s["chunks"] == 6
    assert stats("-", stdin=open("plain.rrd", "rb").read())["bytes"] == size


@case
def the_official_tool_counts_the_same():
    for name in ("plain.rrd", "full.rrd", os.path.join(DATA, "golden-textlog-footer.rrd"), os.path.join(DATA, "golden-textlog.rrd")):
        out = subprocess.run([RERUN, "rrd", "stats", name], capture_output=True, text=True).stdout
        theirs = {k: int(v) for k, v in re.findall(r"^(num_rows|num_chunks|num_static) = (\d+)", out, re.M)}
        s = stats(name)
        assert s["rows"] + s["static_rows"] == theirs["num_rows"] and s["chunks"] == theirs["num_chunks"], (name, s, theirs)


@case
def last_ledger_counts_and_is_checked():
    s = stats("full.rrd")
    assert s["ledger"] == dict(adds_up=True, emitted=140, stored=130, folded=4, limited=1, dropped=5, dropped_bytes=77,
                               stderr_bytes=2000, stderr_lines=111, stdout_bytes=5, journal_text_bytes=3, journal_text_calls=1), s["ledger"]
    assert s["streams"] == {"stderr": {"rows": 110, "bytes": 2000, "lines": 111}, "stdout": {"rows": 20, "bytes": 5},
                            "journal_text": {"rows": 0, "bytes": 3, "calls": 1}}, s["streams"]
    page = run("full.rrd").stdout.decode()
    assert "emitted 140 = stored 130 + folded 4 + limited 1 + dropped 5\n" in page and "dropped_bytes 77\n" in page, page
    make("wrong", ledgers=[dict(emitted=140, stored=130, folded=4, limited=1, dropped=4)])
    assert stats("wrong.rrd")["ledger"]["adds_up"] is False
    assert "DOES NOT ADD UP" in run("wrong.rrd").stdout.decode()


@case
def page_says_what_matters():
    page = run("plain.rrd").stdout.decode()
    for text in ("plain.rrd, closed, with footer", "rows      156, of them 130 log rows; static rows apart: 1", "\n         70  INFO\n",
                 "\n         87  nginx [7]\n", "time      2023-11-14 22:13:20.000 to 2023-11-14 22:15:00.000\n", "ledger    none in this file"):
        assert text in page, (text, page)


@case
def footer_is_looked_at():
    assert stats("plain.rrd")["footer"] is True
    assert stats(os.path.join(DATA, "golden-textlog.rrd"))["footer"] is False
    assert "no footer" in run(os.path.join(DATA, "golden-textlog.rrd")).stdout.decode()
    data = bytearray(open("plain.rrd", "rb").read())
    data[-16] ^= 1  # its checksum
    open("crc.rrd", "wb").write(data)
    s = stats("crc.rrd", status=1)
    assert s["footer"] is False and s["damaged"] is True and s["rows"] == 156
    assert b"checksum" in run("crc.rrd").stderr


@case
def several_files_are_several_answers():
    done = run("--json", "plain.rrd", "full.rrd")
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["plain.rrd", "full.rrd"]
    done = run("absent.rrd", "plain.rrd", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["rows"] == 156 and done.stderr.count(b"\n") == 1


@case
def cut_files_count_what_is_whole():
    data = open("plain.rrd", "rb").read()
    last = 157
    for cut in range(len(data) - 1, 12, -len(data) // 40 or -1):
        open("cut.rrd", "wb").write(data[:cut])
        done = run("--json", "cut.rrd")
        s = json.loads(done.stdout)
        assert s["rows"] <= last and s["footer"] is False and done.stderr.count(b"\n") == done.returncode, (cut, done)
        last = s["rows"]
    assert last == 0


@case
def what_is_no_recording_is_named():
    open("text.rrd", "wb").write(b"no recording at all\n")
    for name, words in (("text.rrd", b"not an RRD"), ("absent.rrd", b"No such file"), (".", b"directory"), ("/dev/null", b"empty")):
        done = run(name)
        assert done.returncode == 1 and words in done.stderr and done.stderr.count(b"\n") == 1 and not done.stdout, (name, done)
    for args in ((), ("--nonsense", "plain.rrd"), ("plain.rrd", "--color=perhaps")):
        done = run(*args)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1, (args, done)


print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
raise SystemExit(counts["failed"] > 0)
