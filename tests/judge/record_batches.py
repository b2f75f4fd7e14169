"""Record batches and streams of pyarrow, handed over by the Arrow C data interface, against the official SDK's send_record_batch.

libretap.so is loaded into Python; each batch is sent by both, and read back. Exit 0, 1 with the reason, 77 without the tools.
"""
import ctypes
import os
import sys
import tempfile

BUILD = os.environ.get("RETAP_BUILD", "build/release")
os.environ.update(CI="1", NO_COLOR="1")
try:
    import pyarrow as pa
    import rerun as rr
    from rerun.chunk import RrdReader
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)
if os.environ.get("RETAP_MODE") in ("asan", "tsan"):
    print("skipped: a sanitizer can't come with a library alone")
    sys.exit(77)
wrong = []
lib = ctypes.CDLL(os.path.join(BUILD, "libretap.so"))


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint32), ("description", ctypes.c_char * 2048)]


class String(ctypes.Structure):
    _fields_ = [("utf8", ctypes.c_char_p), ("length", ctypes.c_uint32)]


class StoreInfo(ctypes.Structure):
    _fields_ = [("application_id", String), ("recording_id", String), ("store_kind", ctypes.c_uint32)]


class Schema(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint64 * 9)]


class Array(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint64 * 10)]


class Stream(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint64 * 5)]


lib.rr_recording_stream_new.argtypes = [ctypes.POINTER(StoreInfo), ctypes.c_bool, ctypes.c_bool, ctypes.POINTER(Error)]
lib.rr_recording_stream_save.argtypes = [ctypes.c_uint32, String, ctypes.POINTER(Error)]
lib.rr_recording_stream_flush_blocking.argtypes = [ctypes.c_uint32, ctypes.c_float, ctypes.POINTER(Error)]


def string(text):
    return String(text.encode(), len(text.encode()))


class Ours:
    def __init__(self, path):
        self.error = Error()
        info = StoreInfo(string("batches"), string("batches"), 1)
        self.rec = lib.rr_recording_stream_new(ctypes.byref(info), True, False, ctypes.byref(self.error))
        lib.rr_recording_stream_save(self.rec, string(path), ctypes.byref(self.error))

    def close(self):
        lib.rr_recording_stream_flush_blocking(self.rec, 10, ctypes.byref(self.error))
        lib.rr_recording_stream_free(self.rec)
        return self.error.description.decode() if self.error.code else ""

    def batch(self, batch):
        schema, array, error = Schema(), Array(), Error()
        batch._export_to_c(ctypes.addressof(array), ctypes.addressof(schema))
        lib.rr_recording_stream_send_record_batch(self.rec, ctypes.byref(schema), ctypes.byref(array), ctypes.byref(error))
        if schema.bytes[7] or array.bytes[8]:
            wrong.append("a batch was not released")
        return error.description.decode() if error.code else ""

    def stream(self, reader):
        stream, error = Stream(), Error()
        reader._export_to_c(ctypes.addressof(stream))
        lib.rr_recording_stream_send_arrow_stream(self.rec, ctypes.byref(stream), ctypes.byref(error))
        if stream.bytes[3]:
            wrong.append("a stream was not released")
        return error.description.decode() if error.code else ""


def field(name, t, **meta):
    return pa.field(name, t, metadata={f"rerun:{k}": v for k, v in meta.items()} or None)


FRAME = field("frame", pa.int64(), kind="index", index_name="frame")
NUMBERS = pa.array([1, 2, 3])
POSITIONS = pa.array([[[1, 2, 3]], [[4, 5, 6], [7, 8, 9]], []], pa.list_(pa.list_(pa.field("item", pa.float32(), nullable=False), 3)))


def batch(arrays, fields, **meta):
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata={f"rerun:{k}": v for k, v in meta.items()} or None))


def good():
    data = {"kind": "data", "component": "Points3D:positions", "archetype": "rerun.archetypes.Points3D",
            "component_type": "rerun.components.Position3D"}
    yield "with metadata", batch([NUMBERS, POSITIONS], [FRAME, field("p", POSITIONS.type, entity_path="/points", **data)])
    yield "two entities, two times", batch(
        [NUMBERS, NUMBERS.cast(pa.timestamp("ns")), pa.array([1.0, None, 3.0]), pa.array(["a", "b", None])],
        [FRAME, field("when", pa.timestamp("ns"), kind="index"), field("/a:x", pa.float64()), field("/b/c:Text:y", pa.string())])
    yield "duration, path of the batch", batch(
        [NUMBERS.cast(pa.duration("ns")), pa.array([[1], None, [2, 3]], pa.list_(pa.int32()))],
        [field("since", pa.duration("ns"), kind="index"), field("/z:n", pa.list_(pa.int32()))], entity_path="/base")
    yield "root", batch([NUMBERS, pa.array([{"a": 1, "b": "x"}] * 3)], [FRAME, field("s", pa.struct([("a", pa.int64()), ("b", pa.string())]))])
    whole = batch([pa.array(range(10)), pa.array([f"t{i}" for i in range(10)]), pa.array([None if i % 3 else i for i in range(10)])],
                  [FRAME, field("/sliced:t", pa.string()), field("/sliced:n", pa.int64())])
    yield "a slice", whole.slice(3, 4)
    yield "booleans and bytes", batch([NUMBERS, pa.array([True, False, None]), pa.array([b"a", b"", b"\xff"])],
                                      [FRAME, field("/k:yes", pa.bool_()), field("/k:raw", pa.binary())])


def bad():
    yield "no index", batch([NUMBERS], [field("x", pa.int64())]), "no index column"
    yield "nothing to log", batch([NUMBERS], [FRAME]), "no component column"
    yield "microseconds", batch([NUMBERS.cast(pa.timestamp("us")), NUMBERS],
                                [field("t", pa.timestamp("us"), kind="index"), field("x", pa.int64())]), "column t: no time type"
    yield "times with nulls", batch([pa.array([1, None, 3]), NUMBERS], [FRAME, field("x", pa.int64())]), "null"
    yield "dictionary", batch([NUMBERS, pa.array(["a", "b", "a"]).dictionary_encode()],
                              [FRAME, field("x", pa.dictionary(pa.int32(), pa.string()))]), "column x"


def rows_of(path):
    found = {}
    for chunk in RrdReader(path).stream():
        b = chunk.to_record_batch()
        for i, f in enumerate(b.schema):
            meta = {k: v for k, v in (f.metadata or {}).items() if k.startswith(b"rerun:") and k != b"rerun:is_sorted"}
            if meta.get(b"rerun:kind") == b"control" or f.name in ("log_time", "log_tick"):
                continue
            cells = b.column(i) if meta[b"rerun:kind"] == b"data" else b.column(i).cast(pa.int64())
            of_field = found.setdefault((str(chunk.entity_path), f.name), (meta, str(f.type), []))
            if of_field[:2] != (meta, str(f.type)):
                wrong.append(f"{path}: {f.name} changes its type")
            of_field[2].extend(cells.to_pylist())  # where chunks end is of no matter
    return found


def compare(name, send_ours, send_theirs, folder):
    ours, theirs = os.path.join(folder, "ours.rrd"), os.path.join(folder, "theirs.rrd")
    o = Ours(ours)
    problem = send_ours(o)
    rec = rr.RecordingStream("batches", recording_id="batches", send_properties=False)
    rec.save(theirs)
    send_theirs(rec)
    rec.flush()
    rec.disconnect()
    problem = problem or o.close()
    a, b = ({}, {}) if problem else (rows_of(ours), rows_of(theirs))
    if problem or not a or a != b:
        wrong.append(f"{name}: {problem}\n  ours   {a}\n  theirs {b}")


def main():
    n = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, b in good():
            compare(name, lambda o: o.batch(b), lambda rec: rr.send_record_batch(b, rec), folder)
            n += 1
        table = pa.Table.from_batches([b.slice(0, 2) for _, b in list(good())[:1]] + [b.slice(2) for _, b in list(good())[:1]])
        compare("a stream", lambda o: o.stream(table.to_reader()), lambda rec: rr.send_dataframe(table.to_reader(), rec), folder)
        o = Ours(os.path.join(folder, "bad.rrd"))
        for name, b, text in bad():
            problem = o.batch(b)
            n += 1
            if text not in problem:
                wrong.append(f"{name}: answered: {problem!r}")
        o.close()
    for w in wrong:
        print(w)
    print(f"{n + 1} batches and streams; {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
