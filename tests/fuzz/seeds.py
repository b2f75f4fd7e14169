"""seeds.py FOLDER: small recordings by the official SDK for fuzz_decode, each with its chunks stored plain, so that changed bytes reach Arrow
rather than LZ4. What is in tests/fuzz/corpus/fuzz_decode was made with it."""
import decimal
import os
import struct
import sys

import numpy as np
import pyarrow as pa
import rerun as rr
import rerun.blueprint as rrb

RECORDINGS = {
    "points": lambda rec: rec.log("/p", rr.Points3D([[1, 2, 3], [4, 5, 6]], colors=[0xFF0000FF, 0xFF], labels=["a", "bc"], radii=[0.5])),
    "strips": lambda rec: rec.log("/l", rr.LineStrips3D([[[0, 0, 0], [1, 1, 1]], [[2, 2, 2]]]), rr.Arrows3D(vectors=[[1, 0, 0]])),
    "image": lambda rec: rec.log("/i", rr.Image(np.arange(12, dtype=np.uint8).reshape(2, 2, 3))),
    "tensor": lambda rec: rec.log("/t", rr.Tensor(np.arange(8, dtype=np.float32).reshape(2, 2, 2), dim_names=["x", "y", "z"])),
    "context": lambda rec: rec.log("/", rr.AnnotationContext([(1, "one", (255, 0, 0)), (2, "two")]), static=True),
    "transform": lambda rec: rec.log("/x", rr.Transform3D(translation=[1, 2, 3], rotation=rr.RotationAxisAngle([0, 0, 1], degrees=45))),
    "ranges": lambda rec: rec.log("/v", rrb.archetypes.VisibleTimeRanges([rr.VisibleTimeRange("frame", start=rrb.TimeRangeBoundary.cursor_relative(seq=-5),
                                                                                                  end=rrb.TimeRangeBoundary.infinite())])),
}


def columns(rec):
    rec.send_columns("/c", indexes=[rr.TimeColumn("frame", sequence=[1, 2, 3]), rr.TimeColumn("wait", duration=[0.5, 1, 2])],
                     columns=rr.Scalars.columns(scalars=[1.0, 2.0, 3.0]))


def odd(rec):
    """Types that the library steps over, between two that it reads."""
    arrays = {"a_first": pa.array([1, 2], pa.int32()),
              "b_decimal": pa.array([decimal.Decimal("1.5"), None], pa.decimal128(10, 2)),
              "c_date": pa.array([1, 2], pa.date32()),
              "d_zone": pa.array([1, 2], pa.timestamp("ns", "UTC")),
              "e_struct": pa.array([{"x": 1, "y": decimal.Decimal(2)}, None], pa.struct([("x", pa.int8()), ("y", pa.decimal128(5, 1))])),
              "f_map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
              "g_dictionary": pa.array(["a", "b"]).dictionary_encode(),
              "h_view": pa.array(["a string that is longer than twelve", "b"], pa.string_view()),
              "i_last": pa.array(["x", None], pa.large_string())}
    rec.send_columns("/odd", indexes=[rr.TimeColumn("frame", sequence=[1, 2])],
                     columns=[c for name, a in arrays.items() for c in rr.AnyValues.columns(**{name: a})])


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def take_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def plain_message(message):
    """An ArrowMsg with its payload as it was before compression."""
    fields, at = [], 0
    while at < len(message):
        start = at
        key, at = take_varint(message, at)
        if key & 7 == 0:
            value, at = take_varint(message, at)
        elif key & 7 == 1:
            value, at = None, at + 8
        else:
            n, at = take_varint(message, at)
            value, at = message[at:at + n], at + n
        fields.append((key >> 3, value, message[start:at]))
    known = {number: value for number, value, _ in fields}
    if known.get(2) != 2:
        return message
    raw = pa.Codec("lz4_raw").decompress(known[5], known[3]).to_pybytes()
    return b"".join(bytes([2 << 3, 1]) if n == 2 else bytes([5 << 3 | 2]) + varint(len(raw)) + raw if n == 5 else piece for n, _, piece in fields)


def plain_file(data):
    """Without footer, which would point to other places."""
    out, at = [data[:12]], 12
    while True:
        kind, size = struct.unpack_from("<QQ", data, at)
        if kind == 0:
            return b"".join(out)
        payload = data[at + 16:at + 16 + size]
        payload = plain_message(payload) if kind == 2 else payload
        out.append(struct.pack("<QQ", kind, len(payload)) + payload)
        at += 16 + size


def main():
    for name, log in {**RECORDINGS, "columns": columns, "odd": odd}.items():
        path = os.path.join(sys.argv[1], f"{'odd' if name == 'odd' else 'nested-' + name}.rrd")
        rec = rr.RecordingStream("seed", recording_id=name, send_properties=False)
        rec.save(path)
        log(rec)
        rec.disconnect()
        with open(path, "rb") as f:
            data = plain_file(f.read())
        with open(path, "wb") as f:
            f.write(data)
    path = os.path.join(sys.argv[1], "nested-blueprint.rrd")
    rrb.Blueprint(rrb.Horizontal(rrb.TextLogView(origin="/logs"), rrb.Spatial3DView())).save("seed", path)
    with open(path, "rb") as f:
        data = plain_file(f.read())
    with open(path, "wb") as f:
        f.write(data)


if __name__ == "__main__":
    main()
