"""retap show: order over entities and files, filters, JSON, other timelines, and files that are cut, damaged or no recordings."""
import json
import os
import random
import re
import struct
import subprocess

import numpy as np
import pyarrow as pa
import rerun as rr

RETAP = os.path.join(os.environ["RETAP_BUILD"], "retap")
DATA = os.path.join(os.environ["RETAP_SRC"], "tests/data")
BASE = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z
counts = {"passed": 0, "failed": 0}


def show(*args, stdin=None, env=None, **kw):
    env = dict(os.environ, TZ="UTC", **(env or {}))
    return subprocess.run([RETAP, "show", *args], capture_output=True, input=stdin, env=env, **kw)


def rows(*args, status=0, **kw):
    done = show("--json", *args, **kw)
    assert done.returncode == status, (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def case(fn):
    try:
        fn()
        counts["passed"] += 1
    except Exception as e:  # a failing case must not hide the others
        counts["failed"] += 1
        print(f"FAILED {fn.__name__}: {type(e).__name__} {e}")


def stream(name):
    rec = rr.RecordingStream("retap_show", recording_id=name)
    rec.save(name + ".rrd")
    return rec


def send(rec, path, times, texts, levels=None, **components):
    columns = [*rr.TextLog.columns(text=texts, level=levels)]
    if components:
        columns += rr.AnyValues.columns(**components)
    stamps = np.array(times, dtype="int64").astype("datetime64[ns]")
    rr.send_columns(path, [rr.TimeColumn("log_time", timestamp=stamps)], columns, recording=rec)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def rrd_of(ipc):
    """A recording of one uncompressed chunk: header and ArrowMsg{store_id, compression, encoding, payload}, nothing else."""
    message = b"\x0a\x02\x08\x01" + b"\x10\x01" + b"\x20\x01" + b"\x2a" + varint(len(ipc)) + ipc
    return b"RRF2\x00\x1f\x00\x00\x01\x02\x00\x00" + struct.pack("<QQ", 2, len(message)) + message


def make_many():
    """Four entities in turns, one of them sent unsorted, in chunks of 10 rows; a static row; one entity of another timeline."""
    rec = stream("many")
    order = random.Random(7)
    for e in range(4):
        for start in range(0, 100, 10):
            index = list(range(start, start + 10))
            if e == 1:
                order.shuffle(index)
            send(rec, f"/logs/prog{e % 2}/s{e}", [BASE + (4 * i + e) * 10**6 for i in index], [f"{4 * i + e}" for i in index],
                 [["ERROR", "WARN", "INFO", "DEBUG"][i % 4] for i in index])
    rec.log("/logs/prog0/static", rr.TextLog("static", level="INFO"), static=True)
    rr.send_columns("/logs/prog0/seq", [rr.TimeColumn("step", sequence=[1, 2])], rr.TextLog.columns(text=["a", "b"]), recording=rec)
    rec.flush()
    rec.disconnect()


def make_odd():
    rec = stream("odd")
    send(rec, "/logs/odd/stderr", [BASE + i for i in range(5)],
         ["first\nsecond\n\tthird", "bell\a esc\x1b[31m nul", "qu\"ote \\ back", "ünïcode 🙂 \u009b31m", ""], ["INFO", "NOTICE", "WARN", "WARN", "TRACE"],
         **{"retap.Log:pid": pa.array([7, 7, 8, 8, 9], pa.uint32()), "retap.Log:seq": pa.array([2**64 - 1, 1, 2, 3, 4], pa.uint64()),
            "retap.Log:raw": pa.array([b"\xff\x00", b"a", b"ab", b"abc", b""], pa.binary()), "retap.Log:args": ["x", "y", "z", "u", "v"],
            "retap.Log:build_id": pa.array([b"\xab\xcd"] * 5, pa.binary()), "retap.Field:user": ["ann"] * 5, "retap.Field:path": ["/x"] * 5,
            "my.Arch:ratio": [0.5, float("nan"), 1, 2, 3]})
    rec.flush()
    rec.disconnect()


make_many()
make_odd()


@case
def rows_of_all_entities_come_in_time_order():
    got = rows("many.rrd")
    assert [r["text"] for r in got] == ["static", "a", "b"] + [str(i) for i in range(400)], got[:5]
    assert [r["time_ns"] for r in got[3:]] == [BASE + i * 10**6 for i in range(400)]
    assert got[0]["time"] is None and got[3]["time"] == "2023-11-14T22:13:20.000000000Z"
    assert got[4]["path"] == "/logs/prog1/s1" and got[3]["level"] == "ERROR" and got[1]["level"] is None


@case
def rows_of_a_chunk_may_lie_in_any_order():
    data = open(os.path.join(DATA, "golden-textlog.rrd"), "rb").read()  # uncompressed; the SDK would sort
    times = struct.pack("<qq", BASE, BASE + 10**6)
    assert data.count(times) == 1
    swapped = data.replace(times, times[8:] + times[:8])
    assert [(r["text"], r["time_ns"]) for r in rows("-", stdin=swapped)] == [("world", BASE), ("hello", BASE + 10**6)]


@case
def standard_input_can_be_a_pipe_or_a_file():
    data = open("many.rrd", "rb").read()
    assert len(rows("-", stdin=data)) == 403
    with open("many.rrd", "rb") as f:
        done = subprocess.run([RETAP, "show", "-"], stdin=f, capture_output=True)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 403


@case
def several_files_are_merged():
    rec = stream("later")
    send(rec, "/logs/late/stderr", [BASE + 500_000, BASE + 10**12], ["between", "end"], ["INFO", "INFO"])
    rec.flush()
    rec.disconnect()
    texts = [r["text"] for r in rows("later.rrd", "many.rrd")]
    assert texts[3:6] == ["0", "between", "1"] and texts[-1] == "end", texts[:8]


@case
def joined_streams_are_one_file():
    data = open("many.rrd", "rb").read() + open("later.rrd", "rb").read()
    assert rows("-", stdin=data)[-1]["text"] == "end"


@case
def level_keeps_it_and_what_is_worse():
    assert len(rows("many.rrd", "--level", "error")) == 100
    assert len(rows("--level=warning", "many.rrd")) == 200
    assert len(rows("-l", "info", "many.rrd")) == 303  # rows without a level count as INFO
    assert len(rows("-l", "trace", "many.rrd")) == 403


@case
def path_is_a_beginning_or_a_pattern():
    def paths(p):
        return {r["path"] for r in rows("many.rrd", "--path", p)}
    assert paths("prog1") == paths("/logs/prog1/") == paths("*1/s?") == {"/logs/prog1/s1", "/logs/prog1/s3"}
    assert paths("/logs/prog0/s2") == paths("*2") == {"/logs/prog0/s2"}
    assert paths("prog") == set() and paths("/prog1") == set()
    assert len(paths("/")) == 6


@case
def since_and_until_count_from_the_rows():
    def texts(*args):
        return [r["text"] for r in rows("many.rrd", *args)]
    assert texts("--since", "-10ms") == [str(i) for i in range(389, 400)]
    assert texts("--since=0.01s") == texts("--since", "-0.01")
    assert texts("--until", "+2ms") == ["0", "1", "2"]
    assert texts("--since", "2023-11-14T22:13:20.398Z") == ["398", "399"]
    assert texts("--since", "2023-11-14 23:13:20.398+01:00") == ["398", "399"]
    assert texts("--since", "22:13:20.398") == ["398", "399"]
    assert texts("--since", "@1700000000.398", "--until", "@1700000000.398") == ["398"]
    assert texts("--since", "2023-11-15") == [] and len(texts("--since", "2023-11-14")) == 400
    assert texts("--until", "2023-11-14T22:13:20.001") == ["0", "1"]


@case
def a_time_of_day_may_be_of_the_day_before():
    rec = stream("midnight")
    midnight = 1_700_006_400_000_000_000  # 2023-11-15T00:00:00Z
    send(rec, "/logs/m/stderr", [midnight + s * 10**9 for s in (-600, -300, 300)], ["a", "b", "c"])
    rec.flush()
    rec.disconnect()
    assert [r["text"] for r in rows("midnight.rrd", "--since", "23:54")] == ["b", "c"]
    assert [r["text"] for r in rows("midnight.rrd", "--since", "00:01")] == ["c"]
    out = show("midnight.rrd").stdout.decode().splitlines()
    assert out[0].startswith("2023-11-14 23:50:00.000 ") and out[2].startswith("2023-11-15 00:05:00.000 "), out


@case
def what_is_no_time_is_refused():
    for text in ("yesterday", "25:00", "2023-02-30", "12", "-", "5x", "@", "12:00:", "2023-11-14T22:13:20+99:00", "99999999999d"):
        done = show("--since", text, "many.rrd")
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"--since" in done.stderr, (text, done)
        assert done.stdout == b"", text


@case
def lines_are_safe_for_a_terminal():
    out = show("odd.rrd").stdout.decode()
    assert out.splitlines()[:3] == ["22:13:20.000 INFO     odd/stderr: first", "    second", "    \tthird"], out
    assert "\x1b" not in out and "\a" not in out and "\u009b" not in out
    assert r"bell\x07 esc\x1b[31m nul" in out and 'qu"ote \\ back' in out and "ünïcode 🙂 \\x9b31m" in out


@case
def json_has_every_component():
    got = rows("odd.rrd")
    first = got[0]
    assert first["text"] == "first\nsecond\n\tthird" and first["level"] == "INFO"
    assert first["pid"] == 7 and first["seq"] == 2**64 - 1
    assert first["raw"] == "/wA=" and [r["raw"] for r in got[1:]] == ["YQ==", "YWI=", "YWJj", ""]
    assert first["build_id"] == "abcd" and first["args"] == ["x"]
    assert first["fields"] == {"user": "ann", "path": "/x"} and first["path"] == "/logs/odd/stderr"
    assert first["my.Arch:ratio"] == 0.5 and got[1]["my.Arch:ratio"] is None
    assert got[1]["text"] == "bell\a esc\x1b[31m nul" and got[1]["level"] == "NOTICE" and got[4]["text"] == ""
    assert got[3]["text"] == "ünïcode 🙂 \u009b31m"


@case
def components_of_any_arrow_type_are_stepped_over():
    struct_type = pa.struct([("a", pa.int8()), ("b", pa.list_(pa.utf8()))])
    union = pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])])
    odd = {
        "aa": pa.array([{"a": 1, "b": ["x"]}, None], struct_type), "ab": pa.array([[[1], []], [[2]]], pa.list_(pa.list_(pa.int64()))),
        "ac": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)), "ad": union, "ae": pa.array(["u", "v"]).dictionary_encode(),
        "af": pa.array(["large", "text"], pa.large_utf8()), "ag": pa.nulls(2), "ah": pa.array([b"ab", b"cd"], pa.binary(2)),
        "ai": pa.array([1, 2], pa.decimal128(5, 2)), "aj": pa.array([1, None], pa.date32()), "ak": pa.array([1.5, 2], pa.float16()),
        "al": pa.array(["a view that is too long to be inline", "b"], pa.string_view()), "zz": pa.array([11, 22], pa.int16()),
    }
    fields = [pa.field("id", pa.binary(16), False, {"rerun:kind": "control"}),
              pa.field("log_time", pa.timestamp("ns"), True, {"rerun:kind": "index"}),
              *[pa.field(k, v.type) for k, v in odd.items()], pa.field("TextLog:text", pa.list_(pa.utf8()))]
    columns = [pa.array([bytes([i] * 16) for i in range(2)], pa.binary(16)), pa.array([1, 2], pa.timestamp("ns")), *odd.values(),
               pa.array([["one"], ["two", "lines"]])]
    schema = pa.schema(fields, {"rerun:id": "chunk_" + "0" * 31 + "1", "rerun:entity_path": "/logs/odd/types"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))
    got = rows("-", stdin=rrd_of(sink.getvalue().to_pybytes()))
    assert [r["text"] for r in got] == ["one", "two\nlines"] and [r["zz"] for r in got] == [11, 22], got


@case
def colour_is_by_level_and_by_choice():
    plain = show("odd.rrd").stdout
    always = show("odd.rrd", "--color=always").stdout
    assert b"\x1b[33mWARN\x1b[0m" in always and re.sub(rb"\x1b\[[0-9;]*m", b"", always) == plain
    master, slave = os.openpty()
    for env, coloured in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
        subprocess.run([RETAP, "show", "odd.rrd"], stdout=slave, env=dict(os.environ, **env), check=True)
        assert (b"\x1b[" in os.read(master, 65536)) == coloured, env
    os.close(master)
    os.close(slave)


@case
def without_log_time_the_first_timeline_orders():
    rec = stream("steps")
    rr.send_columns("/logs/a/x", [rr.TimeColumn("step", sequence=[3, 1])], rr.TextLog.columns(text=["three", "one"]), recording=rec)
    rr.send_columns("/logs/b/x", [rr.TimeColumn("step", sequence=[2])], rr.TextLog.columns(text=["two"]), recording=rec)
    rec.flush()
    rec.disconnect()
    assert show("steps.rrd").stdout.decode().splitlines() == ["#1 -        a/x: one", "#2 -        b/x: two", "#3 -        a/x: three"]
    assert [(r["timeline"], r["at"]) for r in rows("steps.rrd")] == [("step", 1), ("step", 2), ("step", 3)]
    assert show("steps.rrd", "--since", "-1s").returncode == 2


@case
def digest_is_left_out_unless_asked_for():
    rec = stream("digest")
    send(rec, "/logs/p/stderr", [BASE], ["bad"], ["ERROR"])
    send(rec, "/problems/p/stderr", [BASE], ["p: bad"], ["ERROR"])
    rec.flush()
    rec.disconnect()
    assert [r["text"] for r in rows("digest.rrd")] == ["bad"]
    assert [r["text"] for r in rows("digest.rrd", "--path", "/problems")] == ["p: bad"]
    assert [r["text"] for r in rows("digest.rrd", "--path", "*stderr")] == ["bad"]


@case
def cut_file_gives_what_is_whole_and_one_line():
    data = open("many.rrd", "rb").read()
    for cut in (13, 500, len(data) // 3, len(data) // 2, len(data) - 1, len(data) - 40):
        open("cut.rrd", "wb").write(data[:cut])
        done = show("cut.rrd")
        assert done.returncode == 1 and done.stderr.count(b"\n") == 1, (cut, done.stderr)
        assert re.match(rb"retap show: cut\.rrd: at byte \d+: ", done.stderr), done.stderr
    assert len(done.stdout.splitlines()) == 403  # only the footer was cut
    open("cut.rrd", "wb").write(data[:len(data) // 3])
    assert 0 < len(rows("cut.rrd", status=1)) < 403


@case
def damaged_chunk_costs_its_own_rows_only():
    data = bytearray(open("many.rrd", "rb").read())
    at = len(data) // 4
    data[at:at + 40] = b"\xff" * 40
    open("bad.rrd", "wb").write(data)
    done = show("bad.rrd")
    lost = 403 - len(done.stdout.splitlines())
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and 0 < lost <= 40, (lost, done.stderr)
    assert re.search(rb"bad\.rrd: at byte \d+: ", done.stderr), done.stderr


@case
def what_is_no_recording_is_named():
    open("empty.rrd", "wb").close()
    open("text.rrd", "wb").write(b"this is a text, nothing else\n")
    for name, words in (("empty.rrd", b"empty"), ("text.rrd", b"not an RRD"), ("absent.rrd", b"No such file"), (".", b"directory"),
                        ("/dev/null", b"empty")):
        done = show(name)
        assert done.returncode == 1 and words in done.stderr and done.stderr.count(b"\n") == 1, (name, done.stderr)
        assert done.stdout == b"" and name.encode() in done.stderr, done.stderr
    done = show("absent.rrd", "many.rrd")  # the others are still shown
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 403


@case
def random_flips_never_crash():
    rng = random.Random(1)
    for name in ("odd.rrd", os.path.join(DATA, "golden-textlog.rrd")):
        data = open(name, "rb").read()
        for _ in range(60):
            bad = bytearray(data)
            for _ in range(rng.randint(1, 4)):
                bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            open("flip.rrd", "wb").write(bad)
            done = show("--json", "flip.rrd")
            assert done.returncode in (0, 1), (name, done)
            assert done.stderr.count(b"\n") == done.returncode, done.stderr
            for line in done.stdout.splitlines():
                json.loads(line)


@case
def reader_that_goes_away_is_no_complaint():
    rec = stream("long")
    send(rec, "/logs/p/stderr", [BASE + i for i in range(20000)], ["x" * 100] * 20000)
    rec.flush()
    rec.disconnect()
    for prefix in ("", "trap '' PIPE; "):
        done = subprocess.run(["bash", "-c", prefix + f"'{RETAP}' show long.rrd | head -1"], capture_output=True)
        assert done.stdout.count(b"\n") == 1 and done.stderr == b"", done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run([RETAP, "show", "long.rrd"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"No space left" in done.stderr, done


@case
def usage_errors_end_with_2():
    for args in ((), ("--level", "loud", "many.rrd"), ("--nonsense", "many.rrd"), ("many.rrd", "--color=perhaps")):
        done = show(*args)
        assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and not done.stdout, (args, done)
    assert len(show("--", "many.rrd").stdout.splitlines()) == 403
    assert show("many.rrd", "--help").returncode == 0


print(f"{counts['passed']} passed, {counts['failed']} failed, 0 skipped")
raise SystemExit(counts["failed"] > 0)
