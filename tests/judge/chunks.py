"""Chunks of nested types, several timelines and null cells, as they were written and compacted, read back by the official tools.

What tests/judge/emit_chunks.c logs is known here by its rules. Exit 0, 1 with the reason, or 77 when the tools are not installed.
"""
import collections
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from recording import BUILD, check, cli, read_by_hand  # noqa: E402  (exits 77 without the tools)
import pyarrow as pa  # noqa: E402
from rerun.chunk import RrdReader  # noqa: E402

EMIT = os.path.join(BUILD, "tests/judge/emit_chunks")
T0 = 1700000000000000000
CONTROL = "rerun.controls.RowId"


def expected():
    """Rows by entity: a frozen dict of what is in the row; a null cell is left out."""
    rows = collections.defaultdict(list)
    for i in range(300):
        xyz = [[float(i), float(k), -0.5] for k in range(i % 3)]
        radii = {"Points3D:radii": [i / 4] * (i % 3)} if i // 10 % 2 else {}
        rows["/points"].append({"frame": i // 2, "log_time": T0 + i, "Points3D:positions": xyz, **radii})
        level = ["WARN" if i % 2 else "INFO"] if i > 50 and i % 3 else []
        rows["/log"].append({"log_time": T0 + i, "TextLog:text": [f"line {i}"], "TextLog:level": level})
        rows["/steps"].append({"step": 10**9 * (500 - i), "Scalars:scalars": [float(i)]})
    for call in range(30):
        for i in range(20):
            row = {"frame": call * 20 + (i * 7 + 3) % 20}
            if i % 5:
                row["Scalars:scalars"] = [float(call * 20 + i)]
            if call % 2:
                row["extra:words"] = [f"n{call * 20 + i}", None]
            rows["/columns"].append(row)
    rows["/static"] = [{"Points3D:labels": [f"static {i}"]} for i in (0, 100, 200)]
    rows["/__properties"] = [{"RecordingInfo:name": ["chunks"], "RecordingInfo:start_time": [T0]}]
    return rows


def plain(value):
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def rows_of(batch):
    columns = {}
    for name in batch.schema.names:
        column = batch.column(name)
        if pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type):
            column = column.cast(pa.int64())
        columns[name] = column.to_pylist()
    for i in range(batch.num_rows):
        yield {n: plain(c[i]) for n, c in columns.items() if c[i] is not None}


def flags_are_true(entity, batch):
    """What the chunk says of order must hold."""
    for field in batch.schema:
        if (field.metadata or {}).get(b"rerun:is_sorted") == b"true":
            column = batch.column(field.name)
            values = column.to_pylist() if field.name == CONTROL else column.cast(pa.int64()).to_pylist()
            check(values == sorted(values), entity, field.name, "is not sorted, but says so")


def judge_batches(who, batches, ids_of_rows):
    want = expected()
    check(sorted(batches) == sorted(want), who, "entities", sorted(batches))
    for entity, list_ in batches.items():
        got, ids = [], []
        for batch in list_:
            flags_are_true(entity, batch)
            for row in rows_of(batch):
                ids.append(row.pop(CONTROL))
                got.append(row)
            check(ids[-batch.num_rows:] == sorted(ids[-batch.num_rows:]), who, entity, "row ids are not ascending")
        check(len(ids) == len(set(ids)), who, entity, "row ids are not unique")
        order = lambda rows: sorted(rows, key=repr)  # noqa: E731
        # before the first level the column need not be there
        if entity == "/log":
            got = [{"TextLog:level": [], **row} for row in got]
        want_rows = [{k: row[k] for k in sorted(row)} for row in want[entity]]
        got_rows = [{k: row[k] for k in sorted(row)} for row in got]
        for g, w in zip(order(got_rows), order(want_rows)):
            check(g == w, who, entity, "found", g, "expected", w)
        check(len(got) == len(want[entity]), who, entity, len(got), "rows")
        if entity != "/__properties":  # whose ids are the writer's own
            ids_of_rows[entity] = {repr(sorted(row.items())): id_ for row, id_ in zip(got, ids)}


def judge(path, most_chunks, least_chunks):
    by_hand = read_by_hand(path)
    n = sum(len(b) for b in by_hand.values())
    check(least_chunks <= n <= most_chunks, path, "has", n, "chunks")
    ids = {}
    judge_batches("pyarrow", by_hand, ids)
    reader = RrdReader(path)
    for who, stream in (("stream", reader.stream()), ("store", reader.store().stream())):
        batches = collections.defaultdict(list)
        for chunk in stream.to_chunks():
            batches[chunk.entity_path].append(chunk.to_record_batch())
        judge_batches(f"rerun.chunk {who}", batches, {})
    out, err = cli("verify", path)
    check((out + err).strip() == "1 file verified without error.", "verify said", out, err)
    cli("stats", path)
    optimized = path + ".optimized.rrd"
    cli("optimize", path, "-o", optimized)
    cli("verify", optimized)
    return ids


def main():
    check(os.path.exists(EMIT), EMIT, "is not built")
    with tempfile.TemporaryDirectory() as d:
        small, compacted = os.path.join(d, "small.rrd"), os.path.join(d, "compacted.rrd")
        subprocess.run([EMIT, small, "keep-small"], check=True)
        subprocess.run([EMIT, compacted], check=True)
        before, after = judge(small, 200, 120), judge(compacted, 60, 8)
        check(before == after, "a row has another id after compaction")
        sizes = os.path.getsize(small), os.path.getsize(compacted)
        check(sizes[1] < 0.6 * sizes[0], sizes)
        print("nested rows, columns with nulls, four kinds of timelines: the same in pyarrow and the Python SDK, small and compacted;", sizes)


if __name__ == "__main__":
    main()
