"""What sdk/encode writes, judged by pyarrow and the official tools: columns of any Arrow type; a file with two stores, several timelines, nested
types, null cells and a footer, whose manifests must say what those say that `rerun rrd merge` makes of the same chunks."""
import os
import struct
import subprocess
import tempfile

import pyarrow as pa

from judge import recording as judge

SEEDS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fuzz/corpus/fuzz_decode")
EMIT = os.path.join(judge.BUILD, "tests/judge/emit_encode")
T0 = judge.T0


# ---------------------------------------------------------------- any type

def words(array, i):
    """Element @i as emit_encode prints it."""
    t = array.type
    if pa.types.is_union(t):
        code = array.type_codes[i].as_py()
        return f"{code}:" + words(array.field(code), array.offsets[i].as_py() if t.mode == "dense" else i)
    if not array[i].is_valid:
        return "~"
    if pa.types.is_struct(t):
        return "{" + "".join(words(array.field(k), i) + "," for k in range(t.num_fields)) + "}"
    if pa.types.is_fixed_size_list(t):
        return "[" + "".join(words(array.values, k) + "," for k in range(i * t.list_size, (i + 1) * t.list_size)) + "]"
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return "[" + "".join(words(array.values, k) + "," for k in range(array.offsets[i].as_py(), array.offsets[i + 1].as_py())) + "]"
    return value_words(t, array[i])


def value_words(t, s):
    if pa.types.is_boolean(t):
        return "T" if s.as_py() else "F"
    if pa.types.is_integer(t):
        return s.as_py().to_bytes(t.bit_width // 8, "little", signed=pa.types.is_signed_integer(t)).hex()
    if pa.types.is_temporal(t):
        return struct.pack("<q", s.value).hex()
    if pa.types.is_floating(t):
        return struct.pack({16: "<e", 32: "<f", 64: "<d"}[t.bit_width], s.as_py()).hex()
    if pa.types.is_fixed_size_binary(t):
        return s.as_py().hex()
    value = s.as_py()
    return '"' + (value if isinstance(value, str) else value.decode()) + '"'


def judge_arrays(path, n):
    expected = subprocess.run([EMIT, "arrays", path, str(n)], check=True, capture_output=True, text=True).stdout.splitlines()
    with pa.ipc.open_stream(path) as reader:
        batch = reader.read_next_batch()
    batch.validate(full=True)
    judge.check(batch.num_columns == n, "columns", batch.num_columns)
    got = [words(batch.column(c), i) for c in range(n) for i in range(batch.num_rows)]
    judge.check(len(got) == len(expected), len(got), "elements, expected", len(expected))
    for i, (g, e) in enumerate(zip(got, expected)):
        judge.check(g == e, "column", i // batch.num_rows, batch.schema.types[i // batch.num_rows], "row", i % batch.num_rows, "found", g, "expected", e)
    return len({str(t) for t in batch.schema.types})


# ---------------------------------------------------------------- manifests

def manifests(path):
    """By store kind: (table, sorbet schema)."""
    with open(path, "rb") as f:
        data = f.read()
    offset, size = struct.unpack_from("<QQ", data, len(data) - 32)
    out = {}
    for _, message in judge.message_fields(data[offset:offset + size]):
        m = dict(judge.message_fields(message))
        store, part = dict(judge.message_fields(m[1])), dict(judge.message_fields(m[4]))
        raw = pa.Codec("lz4_raw").decompress(part[2], part[4]) if part.get(3) == 2 else part[2]
        table = pa.ipc.open_stream(raw).read_next_batch()
        table.validate(full=True)
        out[store.get(1, 1)] = (table, pa.ipc.open_stream(dict(judge.message_fields(m[2]))[1]).schema)
    return out


def facts(table):
    """What the manifest says of each chunk, by id and column, without places and sizes."""
    ids = [x.as_py() for x in table.column("chunk_id")]
    out = {}
    for i, f in enumerate(table.schema):
        if f.name.startswith("chunk_byte_") or f.name == "chunk_id":
            continue
        column = table.column(i)
        values = (column.cast(pa.int64()) if pa.types.is_temporal(f.type) else column).to_pylist()
        key = (f.name, str(f.type), tuple(sorted((f.metadata or {}).items())))
        judge.check(key not in out, "column", key, "twice")
        out[key] = dict(zip(ids, values))
    return out


def fields(schema):
    return sorted((f.name, str(f.type), tuple(sorted((k, v) for k, v in (f.metadata or {}).items() if not k.startswith(b"ARROW:")))) for f in schema)


def compare_manifests(ours, theirs):
    judge.check(ours.keys() == theirs.keys(), "stores", ours.keys(), theirs.keys())
    for kind in ours:
        a, b = facts(ours[kind][0]), facts(theirs[kind][0])
        judge.check(a.keys() == b.keys(), "columns of the manifest differ:", sorted(a.keys() ^ b.keys())[:4])
        for key in a:
            judge.check(a[key] == b[key], "column", key[0], "says", a[key], "official", b[key])
        judge.check(fields(ours[kind][1]) == fields(theirs[kind][1]), "schemas differ:", set(fields(ours[kind][1])) ^ set(fields(theirs[kind][1])))


# ---------------------------------------------------------------- the recording

def judge_values(path):
    batches = judge.read_by_hand(path)
    first, second, static = batches["/points"]
    plain = {n: first.column(n).cast(pa.int64()).to_pylist() for n in ("elapsed", "frame", "log_time")}
    judge.check(plain == {"elapsed": [-5, 0, 5, 5], "frame": [40, 10, 30, 20], "log_time": [T0 + i for i in range(4)]}, "times", plain)
    judge.check(first.column("Points3D:colors").to_pylist() == [[0xFF0000FF], None, None, [0x00FF00FF]], "colors")
    judge.check(first.column("Points3D:labels").to_pylist() == [[], ["a", "b"], None, ["c"]], "labels")
    for b in (first, second):
        judge.check(b.column("Points3D:positions").to_pylist() == [[[1, 2, 3]], [[4, 5, 6], [7, 8, 9]], [], [[10, 11, 12]]], "positions")
    judge.check(static.schema.names == ["rerun.controls.RowId", "Points3D:radii"], "static", static.schema.names)
    ranges = next(b for e, (b,) in batches.items() if e.endswith("VisibleTimeRanges")).column("VisibleTimeRanges:ranges").to_pylist()
    judge.check(ranges == [[{"timeline": "frame", "range": {"start": -5, "end": None}}]], "ranges", ranges)


def judge_store(path):
    reader = judge.RrdReader(path)
    got = {(c.entity_path, c.to_record_batch().num_rows, c.is_static) for c in reader.store().stream().to_chunks()}
    judge.check(got == {("/points", 4, False), ("/points", 1, True), ("/user/with\\ space", 3, False)}, "chunks of the store", got)
    judge.check(len(reader.recordings()) == 1 and len(reader.blueprints()) == 1, "stores", reader.recordings(), reader.blueprints())


# ---------------------------------------------------------------- what the official SDK wrote, read by our decoder and written anew

def judge_rewritten(path, d):
    out = os.path.join(d, "rewritten.rrd")
    subprocess.run([EMIT, "rewrite", path, out], check=True)
    if path.endswith("blueprint.rrd"): # nothing that could be compared
        judge.cli("verify", out)
        judge.check(judge.cli("print", "-vvv", out)[0].count("Chunk(") == judge.cli("print", "-vvv", path)[0].count("Chunk("), "chunks of", path)
        judge.cli("merge", out, "-o", out + ".merged.rrd")
    else:
        judge.judge_cli(out)
        judge.cli("compare", "--unordered", path, out)
    compare_manifests(manifests(out), manifests(out + ".merged.rrd"))


def main():
    with tempfile.TemporaryDirectory() as d:
        types = judge_arrays(os.path.join(d, "arrays"), 400)
        path = os.path.join(d, "a.rrd")
        subprocess.run([EMIT, "recording", path], check=True)
        for command in ("verify", "print", "stats"):
            judge.cli(command, path)
        judge_values(path)
        judge_store(path)
        # names that a manifest can't tell apart: the official encoder gives up its footer, so it is compared without
        subprocess.run([EMIT, "recording", path, "plain"], check=True)
        judge.judge_cli(path)
        compare_manifests(manifests(path), manifests(path + ".merged.rrd"))
        seeds = sorted(os.path.join(SEEDS, f) for f in os.listdir(SEEDS) if f.startswith("nested-"))
        judge.check(len(seeds) > 5, "no recordings in", SEEDS)
        for seed in seeds:
            judge_rewritten(seed, d)
        print(f"{len(seeds)} official files written anew; columns of {types} types read by pyarrow; manifests as the official ones; no complaint")


if __name__ == "__main__":
    main()
