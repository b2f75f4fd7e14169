"""When frames of videos are shown, as the official SDK reads it: a thousand MP4 files made here, plain and fragmented, with reordered frames, several
tracks and edit lists; damaged ones, which both refuse or read alike. Exit 0, 1 with the reason, or 77 when the SDK is not installed."""
import ctypes
import os
import pickle
import random
import signal
import struct
import sys

BUILD = os.environ.get("RETAP_BUILD", "build/release")
try:
    import rerun as rr
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)

FILES, DAMAGED = 1000, 600
# of a real encoder, 64 x 64: without it the official reader refuses H.264
SPS = bytes.fromhex("6764000aacd94426c0440000030004000003000a3c489658")
PPS = bytes.fromhex("68ebe3cb22c0")


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name.encode() + body


def full(name, version, flags, *parts):
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def u32(*values):
    return struct.pack(f">{len(values)}I", *[v & 0xFFFFFFFF for v in values])


def table(name, rows, version=0):
    return full(name, version, 0, u32(len(rows)), *[u32(*row) for row in rows])


def visual(name, config):
    return box(name, bytes(6), b"\0\1", bytes(16), struct.pack(">HH", 64, 64), u32(0x480000, 0x480000, 0), b"\0\1", bytes(32), b"\0\x18\xff\xff", config)


def sample_entry(codec):
    if codec == "avc1":
        return visual("avc1", box("avcC", b"\1", SPS[1:4], b"\xff\xe1", struct.pack(">H", len(SPS)), SPS, b"\1", struct.pack(">H", len(PPS)), PPS))
    if codec in ("vp08", "vp09"):
        return visual(codec, full("vpcC", 1, 0, b"\0\x0a\x82\2\2\2\0\0"))
    if codec == "av01":
        return visual("av01", box("av1C", b"\x81\x00\x0c\x00"))
    return visual(codec, b"")


def runs(values, rng):
    """Run-length rows; some runs are cut in two."""
    rows = []
    for v in values:
        if rows and rows[-1][1] == v and rng.random() < 0.9:
            rows[-1][0] += 1
        else:
            rows.append([1, v])
    return rows


class Video:
    """One file; rng decides what is in it."""

    def __init__(self, rng):
        self.rng = rng
        self.timescale = rng.choice([1, 24, 1000, 12800, 30000, 90000, 600])
        self.codec = rng.choice(["avc1", "avc1", "av01", "vp09", "vp08"])
        self.fragmented = rng.random() < 0.4

    def durations(self, n):
        base = self.rng.randrange(1, 3 * self.timescale + 2)
        return [base if self.rng.random() < 0.8 else self.rng.randrange(0, 5 * base) for _ in range(n)]

    def shifts(self, n, signed):
        least = -4000 if signed else 0
        return [self.rng.randrange(least, 4000) for _ in range(n)]

    def tables(self, n, mdat_at):
        rng = self.rng
        sizes = [rng.randrange(1, 40) for _ in range(n)]
        stsz = full("stsz", 0, 0, u32(0, n), *[u32(s) for s in sizes])
        if n and rng.random() < 0.3:
            sizes = [7] * n
            stsz = full("stsz", 0, 0, u32(7, n))
        per_chunk = rng.randrange(1, 5)
        places, at = [], mdat_at
        for i in range(0, n, per_chunk):
            places.append(at)
            at += sum(sizes[i:i + per_chunk])
        parts = [full("stsd", 0, 0, u32(1), sample_entry(self.codec)), table("stts", runs(self.durations(n), rng)), stsz,
                 table("stsc", [(1, per_chunk, 1)] if n else []),
                 table("stco", [(p,) for p in places]) if rng.random() < 0.7 else full("co64", 0, 0, u32(len(places)), *[u32(0, p) for p in places])]
        if n and rng.random() < 0.6:
            signed = rng.random() < 0.5
            parts.append(table("ctts", runs(self.shifts(n, signed), rng), version=int(signed)))
        if rng.random() < 0.5:
            parts.append(table("stss", [(1,)]))
        rng.shuffle(parts)
        self.data = sum(sizes)
        return box("stbl", *parts)

    def track(self, number, handler, stbl):
        wide = self.rng.random() < 0.3
        times = struct.pack(">QQ", 1, 2) if wide else u32(1, 2)
        tkhd = full("tkhd", int(wide), 7, times, u32(number, 0), struct.pack(">Q" if wide else ">I", 0), bytes(16), bytes(36), u32(64 << 16, 64 << 16))
        mdhd = full("mdhd", int(wide), 0, times, u32(self.timescale), struct.pack(">Q" if wide else ">I", 1 << 31), b"\x55\xc4\0\0")
        hdlr = full("hdlr", 0, 0, u32(0), handler, bytes(12), b"handler\0")
        edts = box("edts", table("elst", [(1000, self.rng.randrange(5000), 0x10000)])) if self.rng.random() < 0.3 else b""
        dinf = box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)))
        return box("trak", tkhd, edts, box("mdia", mdhd, hdlr, box("minf", full("vmhd", 0, 1, bytes(8)), dinf, stbl)))

    def fragment(self, number, first):
        rng = self.rng
        truns = []
        for _ in range(rng.randrange(1, 3)):
            n = rng.randrange(0 if truns else 1, 8)
            flags = rng.choice([0, 0x1]) | sum(bit for bit in (0x100, 0x200, 0x400, 0x800) if rng.random() < 0.5) | (0x4 if rng.random() < 0.3 else 0)
            rows = b"".join(u32(*[rng.randrange(1, 3000) for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]) for _ in range(n))
            truns.append(full("trun", rng.choice([0, 1]), flags, u32(n), u32(100) if flags & 1 else b"", u32(0) if flags & 4 else b"", rows))
        flags = sum(bit for bit in (0x1, 0x2, 0x8, 0x10, 0x20, 0x20000) if rng.random() < 0.4)
        tfhd = full("tfhd", 0, flags, u32(1), bytes(8) if flags & 1 else b"", u32(1) if flags & 2 else b"", u32(rng.randrange(1, 500)) if flags & 8 else b"",
                    u32(9) if flags & 0x10 else b"", u32(0x10000) if flags & 0x20 else b"")
        tfdt = b"" if rng.random() < 0.3 else full("tfdt", 1, 0, struct.pack(">Q", first)) if rng.random() < 0.5 else full("tfdt", 0, 0, u32(first))
        return box("moof", full("mfhd", 0, 0, u32(number)), box("traf", tfhd, tfdt, *truns))

    def bytes(self):
        rng = self.rng
        n = 0 if self.fragmented and rng.random() < 0.8 else rng.randrange(1, 60)
        mdat_at = 4096  # a free box fills what is before
        video = self.track(1, b"vide", self.tables(n, mdat_at))
        data, codec, self.codec = self.data, self.codec, "mp4a"
        sound = [self.track(rng.choice([2, 7]), b"soun", box("stbl", full("stsd", 0, 0, u32(1), visual("xxxx", b"")), table("stts", []), table("stsc", []),
                                                             full("stsz", 0, 0, u32(0, 0)), table("stco", [])))] if rng.random() < 0.4 else []
        self.codec = codec
        tracks = sound + [video] if rng.random() < 0.5 else [video] + sound
        trex = [full("trex", 0, 0, u32(i, 1, rng.randrange(1, 900), 10, 0)) for i in (1, 2, 7)]
        mvhd = full("mvhd", 0, 0, u32(1, 2, 1000, 0, 0x10000), b"\1\0", bytes(10), bytes(36), bytes(24), u32(3))
        moov = box("moov", mvhd, *tracks, *([box("mvex", *trex)] if self.fragmented else []))
        head = box("ftyp", b"isom", u32(512), b"isomiso2avc1mp41") + moov
        if len(head) + 8 > mdat_at - 8:
            return None
        head += box("free", bytes(mdat_at - 8 - 8 - len(head)))
        out = head + box("mdat", bytes(rng.choice([0x82, 0x00, 0xA2]) for _ in range(data)))
        if self.fragmented:
            first = rng.randrange(0, 100000)
            for i in range(rng.randrange(1, 5)):
                out += self.fragment(i + 1, first) + box("mdat", bytes(300))
            out += box("mdat", bytes(200000))  # the official reader looks into frames of VP8 and VP9: they must be there
        return out


class RrString(ctypes.Structure):
    _fields_ = [("utf8", ctypes.c_char_p), ("length", ctypes.c_uint32)]


class RrError(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint32), ("description", ctypes.c_char * 2048)]


ALLOC = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)


class Library:
    def __init__(self):
        lib = ctypes.CDLL(os.path.join(BUILD, "libretap.so"))
        self.read = lib.rr_video_asset_read_frame_timestamps_nanos
        self.read.restype = ctypes.c_void_p
        self.read.argtypes = [ctypes.c_char_p, ctypes.c_uint64, RrString, ctypes.c_void_p, ALLOC, ctypes.POINTER(RrError)]

    def times(self, data):
        """A list, or the error's text."""
        memory = []

        def alloc(_, n):
            memory.append((ctypes.c_int64 * max(n, 1))())
            memory.append(n)
            return ctypes.addressof(memory[0])
        err = RrError()
        found = self.read(data, len(data), RrString(b"video/mp4", 9), None, ALLOC(alloc), ctypes.byref(err))
        return list(memory[0][:memory[1]]) if found else err.description.decode()


def official(data):
    """A list, or the error's text."""
    try:
        return rr.AssetVideo(contents=data, media_type="video/mp4").read_frame_timestamps_nanos().tolist()
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def official_in_child(data):
    """The same for damaged files, on some of which the official reader aborts or never comes back."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(2)
        with os.fdopen(into, "wb") as f:
            pickle.dump(official(data), f)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as f:
        answer = f.read()
    status = os.waitpid(child, 0)[1]
    return pickle.loads(answer) if status == 0 else f"ended by signal {status & 0x7F}"


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


def judge_files(lib):
    kinds = {}
    for seed in range(FILES):
        video = Video(random.Random(seed))
        data = video.bytes()
        if data is None:
            continue
        want, got = official(data), lib.times(data)
        check(isinstance(want, list), "file", seed, "is refused by the official reader:", want)
        check(got == want, "file", seed, "gives", got if isinstance(got, str) else got[:20], "expected", want[:20])
        kinds[video.codec, video.fragmented] = kinds.get((video.codec, video.fragmented), 0) + 1
    check(len(kinds) == 8 and min(kinds.values()) > 20, "too few of a kind", kinds)
    return sum(kinds.values())


def judge_damaged(lib):
    """A byte changed or the end cut off. Where both read something it must be the same."""
    both = refused = ours_only = 0
    for seed in range(DAMAGED):
        rng = random.Random(seed)
        data = bytearray(Video(rng).bytes() or b"")
        if not data:
            continue
        end = data.find(b"free") - 4
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)):]
        else:
            data[rng.randrange(8, end)] = rng.choice([0, 1, 7, 0x7F, 0xFF])
        data = bytes(data)
        want, got = official_in_child(data), lib.times(data)
        if isinstance(want, list) and isinstance(got, list):
            check(got == want, "damaged file", seed, "gives", got[:20], "expected", want[:20])
            both += 1
        elif isinstance(want, list):
            print("only the official reader reads", seed, got, want[:5])
            refused += 1
        else:
            ours_only += isinstance(got, list)
    return both, refused, ours_only


def main():
    lib = Library()
    n = judge_files(lib)
    both, refused, ours_only = judge_damaged(lib)
    print(f"{n} files as the official reader has them; of {DAMAGED} damaged ones {both} alike, {refused} read by it only, {ours_only} by us only")


if __name__ == "__main__":
    main()
