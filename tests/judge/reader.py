"""rr_rrd_reader, called through libretap.so: what it gives as Arrow C data is, in pyarrow, what the official reader gives; of files of the official SDK
and of cut and damaged ones."""
import ctypes as c
import gc
import os

import pyarrow as pa
import rerun as rr
import rerun.blueprint as rrb

from judge import recording as judge


class Error(c.Structure):
    _fields_ = [("code", c.c_uint32), ("description", c.c_char * 2048)]


class Message(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_uint32), ("offset", c.c_uint64), ("n_bytes", c.c_uint64), ("store_kind", c.c_uint32),
                ("application_id", c.c_char_p), ("recording_id", c.c_char_p), ("entity_path", c.c_char_p), ("chunk_id", c.c_uint8 * 16),
                ("is_static", c.c_bool), ("n_rows", c.c_uint32), ("make_active", c.c_bool), ("make_default", c.c_bool)]


class Bytes(c.Structure):
    _fields_ = [("bytes", c.c_char_p), ("length", c.c_uint32)]


lib = c.CDLL(os.path.join(judge.BUILD, "libretap.so"))
lib.rr_rrd_reader_open.restype = lib.rr_rrd_reader_open_bytes.restype = c.c_void_p
lib.rr_rrd_reader_open_bytes.argtypes = [Bytes, c.c_void_p]
lib.rr_rrd_reader_next.restype = lib.rr_rrd_reader_has_footer.restype = c.c_bool
INFO, CHUNK, ACTIVATION = 1, 2, 3


class Reader:
    def __init__(self, source):
        self.err = Error()
        handle = lib.rr_rrd_reader_open(source.encode(), c.byref(self.err)) if isinstance(source, str) else \
            lib.rr_rrd_reader_open_bytes(Bytes(source, len(source)), c.byref(self.err))
        self.handle = c.c_void_p(handle)

    def __iter__(self):
        while True:
            m = Message(struct_size=c.sizeof(Message))
            if not lib.rr_rrd_reader_next(self.handle, c.byref(m), c.byref(self.err)):
                return
            yield m

    def chunk(self):
        schema, array = (c.c_uint64 * 9)(), (c.c_uint64 * 10)()
        s, a = c.addressof(schema), c.addressof(array)
        if lib.rr_rrd_reader_chunk(self.handle, c.c_void_p(s), c.c_void_p(a), c.byref(self.err)):
            return None
        return pa.RecordBatch._import_from_c(a, s)

    def has_footer(self):
        return lib.rr_rrd_reader_has_footer(self.handle)

    def free(self):
        lib.rr_rrd_reader_free(self.handle)


def write_source():
    rec = rr.RecordingStream("reader", recording_id="reader")
    rec.save("source.rrd", default_blueprint=rrb.Blueprint(rrb.TextLogView(origin="/", name="t")))
    for i in range(3):
        rec.set_time("tick", sequence=i)
        rec.set_time("day", timestamp=1e9 + i)
        rec.set_time("span", duration=i / 2)
        rec.log("/points", rr.Points3D([[1, 2, i]] * i, labels=["a"] * i))
    rec.log("/tensor", rr.Tensor([[1, 2], [3, 4]], dim_names=["x", "y"]))
    rec.log("/classes", rr.AnnotationContext([(1, "one", (255, 0, 0))]), static=True)
    rec.log("/text", rr.TextLog("only text"))
    rec.log("/text", rr.TextLog("with level", level="WARN"))
    rec.log("/any", rr.AnyValues(flag=[True, None, False], blob=[b"abc"], wide=pa.array(["x"], pa.large_string())))
    rec.send_columns("/columns", [rr.TimeColumn("tick", sequence=range(1000))], rr.Scalars.columns(scalars=[float(i) for i in range(1000)]))
    rec.disconnect()


def official(path):
    reader = judge.RrdReader(path)
    stores = [(2, s) for s in reader.blueprints()] + [(1, s) for s in reader.recordings()]
    return {str(x.id): (kind, s.application_id, s.recording_id, str(x.entity_path), x.is_static, x.to_record_batch())
            for kind, s in stores for x in reader.stream(store=s).to_chunks()}


def main():
    write_source()
    want, messages, batches = official("source.rrd"), [], {}
    for source in ("source.rrd", open("source.rrd", "rb").read()):
        r = Reader(source)
        messages = []
        for m in r:
            messages.append((m.kind, m.store_kind, m.make_active, m.make_default))
            if m.kind != CHUNK:
                continue
            key = bytes(m.chunk_id).hex()
            batches[key] = (m.store_kind, m.application_id.decode(), m.recording_id.decode(), m.entity_path.decode(), m.is_static, r.chunk())
            judge.check(batches[key][5] is not None, r.err.description)
            judge.check(m.n_rows == len(batches[key][5]), "rows of", m.entity_path)
            judge.check(r.chunk() is None and r.err.code == 0x1002, "a chunk was given twice")
        judge.check(r.has_footer(), "no footer was seen")
        r.free()
    gc.collect()
    judge.check((ACTIVATION, 2, False, True) in messages and (INFO, 1, False, False) in messages, "messages", messages)

    want = {k.removeprefix("chunk_").lower(): v for k, v in want.items()}
    judge.check(batches.keys() == want.keys(), "chunks", batches.keys(), want.keys())
    for key, (*said, batch) in want.items():
        ours = batches[key]
        judge.check(list(ours[:5]) == said, "is said of a chunk:", ours[:5], said)
        batch_of_ours = ours[5]
        batch_of_ours.validate(full=True)
        judge.check([f.name for f in batch_of_ours.schema] == [f.name for f in batch.schema], said[3], "columns", batch_of_ours.schema.names)
        for i, field in enumerate(batch.schema):
            mine = batch_of_ours.schema.field(i)
            judge.check(mine.type.equals(field.type) and batch_of_ours.column(i).equals(batch.column(i)), said[3], field.name, mine.type, field.type)
            for name in (b"rerun:kind", b"rerun:component", b"rerun:archetype", b"rerun:component_type", b"rerun:index_name"):
                judge.check((mine.metadata or {}).get(name) == (field.metadata or {}).get(name), said[3], field.name, name, mine.metadata, field.metadata)
    del batches, want
    gc.collect() # releases everything, children first or last as Python likes

    data = open("source.rrd", "rb").read()
    for n in (0, 5, 12, 100, len(data) // 2):
        r = Reader(data[:n] if n else b"x")
        if r.handle:
            for m in r:
                judge.check(m.kind != CHUNK or r.chunk() is not None, "chunk of a cut file:", r.err.description)
        judge.check(r.err.code == (0 if n == 12 else 0x1b), n, "bytes:", hex(r.err.code), r.err.description)
        if r.handle:
            r.free()
    judge.check(not Reader("/nowhere/a.rrd").handle, "a file that is not there was opened")
    print("all chunks are the official reader's")


if __name__ == "__main__":
    main()
