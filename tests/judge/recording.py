"""What the official tools make of our recordings: written whole, in many small chunks, and compacted at close.

The rows that emit_recording says it sent must be what the Python SDK and pyarrow read back; the command line tools must have
nothing to complain of. Exit 0, 1 with the reason, or 77 when the tools are not installed.
"""
import collections
import os
import re
import struct
import subprocess
import sys
import tempfile

BUILD = os.environ.get("RETAP_BUILD", "build/release")
VENV = os.environ.get("RETAP_VENV", "build/venv")
EMIT = os.path.join(BUILD, "tests/judge/emit_recording")

try:
    import pyarrow as pa
    import rerun_cli
    from rerun.chunk import RrdReader
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)
RERUN = os.path.join(os.path.dirname(rerun_cli.__file__), "rerun")

T0 = 1700000000000000000


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


def emit(path, rows, flush_rows=None, keep_small=False):
    """Returns the rows sent, as (entity, time, level, pid, field, text), in time order in each entity."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("RERUN_")}
    if flush_rows:
        env["RERUN_FLUSH_NUM_ROWS"] = str(flush_rows)
    args = [EMIT, path, str(rows)] + (["keep-small"] if keep_small else [])
    out = subprocess.run(args, env=env, check=True, capture_output=True).stdout.decode()
    rows = []
    for line in out.splitlines():
        entity, time, level, pid, field, text = line.split("\t")
        rows.append((entity, int(time), level, pid, field, text))
    return sorted(rows)


def cli(*args):
    """Runs `rerun rrd …`; its log lines may be of level INFO only. Returns (stdout, stderr)."""
    p = subprocess.run([RERUN, "rrd", *args], capture_output=True, env={**os.environ, "CI": "1", "NO_COLOR": "1"})
    out, err = p.stdout.decode(errors="replace"), re.sub(r"\x1b\[[0-9;]*m", "", p.stderr.decode())
    check(p.returncode == 0, args, "exited", p.returncode, err[-2000:], out[-2000:])
    bad = [line for line in err.splitlines() if re.search(r"\b(WARN|ERROR)\b|panicked", line)]
    check(not bad, args, bad[:3])
    return out, err


def judge_cli(path):
    out, err = cli("verify", path)
    check((out + err).strip() == "1 file verified without error.", "verify said", out, err)
    out, err = cli("print", path)
    check(not err, "print said", err)
    cli("stats", path)
    merged, optimized = path + ".merged.rrd", path + ".optimized.rrd"
    cli("merge", path, "-o", merged)
    cli("compare", "--unordered", path, merged)
    cli("optimize", path, "-o", optimized)
    cli("verify", optimized)


# ---------------------------------------------------------------- rows, as the SDK and as pyarrow see them

def cell(column, i):
    """One instance or "-" for an empty list; None where the column is null."""
    v = column[i].as_py() if column is not None else []
    return None if v is None else "-" if not v else str(v[0]) if len(v) == 1 else v


def rows_of(entity, batch):
    names = batch.schema.names
    column = {n: batch.column(n) for n in names}
    times = column["log_time"].cast(pa.int64()).to_pylist()
    check(times == sorted(set(times)), entity, "times not ascending and unique")
    check([batch.column("rerun.controls.RowId").null_count, column["log_time"].null_count] == [0, 0], entity, "nulls")
    for n in names:
        check(column[n].null_count == 0, entity, n, "has nulls: viewers would carry the row before forward")
    return [(entity, times[i], cell(column["TextLog:level"], i), cell(column.get("retap.Log:pid"), i),
             cell(column.get("retap.Field:user name"), i), column["TextLog:text"][i].as_py()[0],
             column["retap.Log:mono"][i].as_py(), column["retap.Log:seq"][i].as_py()) for i in range(batch.num_rows)]


def compare_rows(who, got, sent, unique_ids):
    got = sorted(got)
    check(len(got) == len(sent), who, "found", len(got), "rows of", len(sent))
    for g, s in zip(got, sent):
        check(g[:6] == s, who, "found", g, "expected", s)
        check(g[6] == [s[1] - T0 + 5] and g[7] == [(s[1] - T0) * 3], who, "mono or seq of", g)
    check(len(unique_ids) == len(set(unique_ids)), who, "row ids are not unique")


def others(who, batches):
    """The entities without text."""
    process = batches["/process/app"][0]
    check(process.column("StateChange:state").to_pylist() == [["started"], ["running"], ["exited(0)"]], who, "states")
    check(process.column("retap.Log:argv").to_pylist() == [["app", "-o", "/tmp/file"], [], []], who, "argv")
    check(process.column("retap.Log:exit_status").to_pylist() == [[], [], [0]], who, "exit status")
    check(batches["/stats/x"][0].column("Scalars:scalars").to_pylist() == [[1.5], [-2.25], [1e300]], who, "scalars")
    ledger = batches["/stats/ledger"][0]
    check("log_time" not in ledger.schema.names, who, "the ledger is static")
    check(ledger.column("retap.Ledger:emitted").to_pylist() == [[12345]], who, "ledger")
    properties = batches["/__properties"][0]
    check(properties.column("RecordingInfo:name").to_pylist() == [["judged"]], who, "name")
    check(properties.column("RecordingInfo:start_time").to_pylist() == [[T0]], who, "start time")


def judge_batches(who, batches, sent):
    others(who, batches)
    got, ids = [], []
    for entity, list_ in batches.items():
        for b in list_:
            ids += [x.as_py() for x in b.column("rerun.controls.RowId")]
            if entity.startswith("/logs/"):
                got += rows_of(entity, b)
    compare_rows(who, got, sent, ids)


def judge_sdk(path, sent):
    reader = RrdReader(path)
    for who, stream in (("stream", reader.stream()), ("store", reader.store().stream())):
        batches = collections.defaultdict(list)
        for chunk in stream.to_chunks():
            batches[chunk.entity_path].append(chunk.to_record_batch())
        judge_batches(f"rerun.chunk {who}", batches, sent)
    check(len(reader.recordings()) == 1, "one recording")


# ---------------------------------------------------------------- pyarrow: frames and messages by hand

def message_fields(data):
    """Protobuf: (number, value) pairs; a value is int or bytes."""
    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                return value, at
    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        else:
            n, at = varint(at)
            value, at = data[at:at + n], at + n
        yield key >> 3, value


def read_by_hand(path):
    """The chunks of a closed recording as pyarrow batches, by entity; framing and protobuf are read here, Arrow by pyarrow."""
    with open(path, "rb") as f:
        data = f.read()
    check(data[:12] == bytes.fromhex("525246320 01f000001020000".replace(" ", "")), "stream header", data[:12].hex())
    batches, at = collections.defaultdict(list), 12
    while True:
        kind, size = struct.unpack_from("<QQ", data, at)
        payload = data[at + 16:at + 16 + size]
        at += 16 + size
        if kind == 0:
            break
        if kind != 2:
            continue
        m = dict(message_fields(payload))
        raw = pa.Codec("lz4_raw").decompress(m[5], m[3])
        reader = pa.ipc.open_stream(raw)
        batch = reader.read_next_batch()
        batch.validate(full=True)
        meta = reader.schema.metadata
        check(meta[b"sorbet:version"] == b"0.1.3", "sorbet version")
        batches[meta[b"rerun:entity_path"].decode()].append(batch)
    check(data[at + 20:at + 28] == b"RRF2FOOT" and len(data) == at + 32, "stream footer")
    return batches


def judge_pyarrow(path, sent):
    batches = read_by_hand(path)
    judge_batches("pyarrow", batches, sent)
    return sum(len(b) for b in batches.values())


def main():
    check(os.path.exists(EMIT), EMIT, "is not built")
    with tempfile.TemporaryDirectory() as d:
        sizes = {}
        for name, args, most_chunks in (
                ("whole", dict(rows=12000), 12),
                ("small", dict(rows=2000, flush_rows=50, keep_small=True), 60),
                ("compacted", dict(rows=2000, flush_rows=50), 7)):
            path = os.path.join(d, name + ".rrd")
            sent = emit(path, **args)
            n = judge_pyarrow(path, sent)
            check(n <= most_chunks, name, "has", n, "chunks")
            check(name != "small" or n > 40, name, "has", n, "chunks")
            judge_sdk(path, sent)
            judge_cli(path)
            sizes[name] = os.path.getsize(path)
            check(not [f for f in os.listdir(d) if f.startswith(".")], "a temporary file was left")
        check(sizes["compacted"] < 0.75 * sizes["small"], sizes)
        print("whole, small and compacted recordings: equal rows in the Python SDK and pyarrow, no complaint;", sizes)


if __name__ == "__main__":
    main()
