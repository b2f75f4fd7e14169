"""The shim alone, without a collector: a run directory of our own, and a reader of what programs left in its segments.

    with Run() as run:
        result = run.program(["sh", "-c", "echo hello"])
        run.text("stdout") == b"hello\n"

The layout is that of sdk/ring/layout.h; nothing is drained while the program runs, so a process has about 1.7 MB to fill.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

MAGIC, RUN_MAGIC, VERSION = 0x31677365706174, 0x316E7572706174, 3
SEGMENT_BYTES, RUN_PAGE, POOL_SLOTS = 2 << 20, 4096, 64
LANES = [(256, 64), (320, 64), (384, 128), (512, 256), (768, 256), (1024, 1024)]  # offset and size, KiB
HEADER_BYTES, OWNER_AT, USABLE_AT, BACKLOGS_AT, LANE_AT, LANE_CONTROL = 2048, 64, 72, 104, 384, 128
TYPES = ["NONE", "PAD", "DATA", "MESSAGE", "RESULT", "PROCESS", "EXEC", "EXIT", "WAITED", "LOST", "TEMPLATE", "MODULE", "FILE"]
STREAMS = ["", "stdout", "stderr", "binary", "syslog", "journal", "journal_text", "file"]
MORE, MIRROR, COARSE, TRUNCATED, UNFLUSHED, CRED, AFTER, TICKS, CALL, FRAMED, SITE = (1 << i for i in range(11))
KINDS = ["", "syslog", "err", "warn", "perror", "assert", "abort", "error", "signal", "usage", "fmtmsg", "journal", "glib", "fatal"]


class Call:
    """One struct rt_call, its arguments and, of DATA, its text."""
    BYTES = 40

    def __init__(self, data, at):
        (self.site, self.mono, self.text_len, self.template, self.origin, self.errnum, args_len, self.kind, self.flags,
         _) = struct.unpack_from("<QQIIIiHBBI", data, at)
        self.args = data[at + self.BYTES:at + self.BYTES + args_len]
        self.end = at + self.BYTES + args_len
        self.text = data[self.end:self.end + self.text_len]


class Record:
    def __init__(self, segment, lane, position, stamp, head, data):
        self.segment, self.lane, self.position = segment, lane, position
        self.type = TYPES[stamp >> 32 & 0xFF]
        self.stream = STREAMS[stamp >> 40 & 0xFF]
        self.flags = stamp >> 48 & 0x3FFF
        self.mono, self.pid, self.tid, self.seq, self.len = head
        self.data, self.calls = data, []
        if self.flags & CALL:
            self.read_calls()
        elif self.flags & SITE:  # a call of which nothing else is known
            self.data = data[8:]
            self.calls = [Call(data[:8] + bytes(8) + struct.pack("<I", len(self.data)) + bytes(20) + self.data, 0)]

    def read_calls(self):
        """Takes the calls out of the payload; what is left is the bytes of the stream, or the message."""
        at, text = 0, b""
        while at < len(self.data):
            call = Call(self.data, at)
            self.calls.append(call)
            if self.type == "MESSAGE":
                text = self.data[call.end:]
                break
            text += call.text
            at = call.end + call.text_len
        self.data = text

    def read_message(self):
        data = self.data
        kind, self.pri, self.errnum, self.line, a, b, c, self.options, n, _ = struct.unpack_from("<IiiIHHHHII", data)
        self.kind, at = KINDS[kind], 32
        self.ident, self.file, self.function = data[at:at + a], data[at + a:at + a + b], data[at + a + b:at + a + b + c]
        self.text = data[at + a + b + c:at + a + b + c + n]

    def __repr__(self):
        return "%s %s flags=%d pid=%d tid=%d seq=%d %r" % (self.type, self.stream, self.flags, self.pid, self.tid, self.seq, self.data[:80])


class Run:
    def __init__(self, segments=48, usable_lanes=6, wait_us=0, calls=0, scratch=3):
        self.dir = tempfile.mkdtemp(prefix="retap-test-", dir="/dev/shm")
        os.mkdir(self.dir + "/pool")
        os.mkdir(self.dir + "/live")
        page = bytearray(2 * RUN_PAGE)
        struct.pack_into("<QIIII", page, 0, RUN_MAGIC, VERSION, os.getpid(), 0, 0)
        for k in range(min(segments, POOL_SLOTS)):
            struct.pack_into("<I", page, 24 + 4 * k, k + 1)
            self.make_segment(k + 1, usable_lanes, scratch)
        struct.pack_into("<III", page, 24 + 4 * POOL_SLOTS, wait_us, 0, calls)
        with open(self.dir + "/run", "wb") as f:
            f.write(page)

    def make_segment(self, number, usable_lanes, scratch=3):
        with open("%s/pool/%d" % (self.dir, number), "wb") as f:
            head = bytearray(4096)
            struct.pack_into("<QIII", head, 0, MAGIC, VERSION, HEADER_BYTES, number)
            struct.pack_into("<II", head, USABLE_AT, usable_lanes, min(scratch, 3 if usable_lanes > 2 else 1))
            struct.pack_into("<I", head, BACKLOGS_AT, 7)
            f.write(head)
            f.truncate(SEGMENT_BYTES)

    def limit_lanes(self, usable):
        """In segments that nobody took yet."""
        for name in os.listdir(self.dir + "/pool"):
            with open(self.dir + "/pool/" + name, "r+b") as f:
                f.seek(USABLE_AT)
                f.write(struct.pack("<I", usable))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def environment(self, extra=None):
        env = dict(os.environ, LD_PRELOAD=shim(), RETAP_RUN=self.dir)
        env.pop("RETAP_FDS", None)
        env.update(extra or {})
        return env

    def program(self, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=None, fds=None, timeout=30, **more):
        """Runs @argv under the shim with files (or what was given) as stdout and stderr."""
        files = []
        streams = []
        for s in (stdout, stderr):
            if s == subprocess.PIPE:
                s = tempfile.TemporaryFile()
                files.append(s)
            streams.append(s)
        if streams[1] == subprocess.STDOUT:
            streams[1] = streams[0]
        note = fds or note_of(streams)
        os.dup2(2, 9, inheritable=True)  # where the programs of progs/ complain
        p = subprocess.run(argv, pass_fds=(9,), stdin=stdin, stdout=streams[0], stderr=streams[1],
                           env=self.environment(dict({"RETAP_FDS": note}, **(env or {}))), timeout=timeout, **more)
        out = []
        for f in files:
            f.seek(0)
            out.append(f.read())
            f.close()
        p.stdout, p.stderr = (out + [b"", b""])[:2]
        return p

    def segments(self):
        return sorted(int(n) for n in os.listdir(self.dir + "/live"))

    torn = False  # set it where the program kills processes of its own

    def records(self, torn=False):
        """All committed records of all segments; by segment, time and thread_seq. @torn: of killed programs, which may leave some open."""
        found = []
        for number in self.segments():
            with open("%s/live/%d" % (self.dir, number), "rb") as f:
                data = f.read()
            if struct.unpack_from("<Q", data, OWNER_AT)[0] == 0:
                raise AssertionError("a segment in live/ without an owner")
            for lane, (at, size) in enumerate(LANES):
                head = struct.unpack_from("<Q", data, LANE_AT + lane * LANE_CONTROL)[0]
                found += self._lane(number, lane, data[at << 10:(at + size) << 10], head, torn or self.torn)
        # One thread's records are in the order of their numbers, also where the coarse clock stands still or lags behind.
        latest, parts = {}, {}
        for r in sorted(found, key=lambda r: (r.segment, r.seq)):
            r.mono = latest[(r.segment, r.pid, r.tid)] = max(r.mono, latest.get((r.segment, r.pid, r.tid), 0))
            if r.type == "MESSAGE":  # one that is longer than a record goes on in the thread's next
                parts.setdefault((r.segment, r.pid, r.tid), []).append(r)
                if not r.flags & MORE:
                    first, *rest = parts.pop((r.segment, r.pid, r.tid))
                    first.data = b"".join([first.data] + [more.data for more in rest])
                    first.read_message()
                    found = [x for x in found if x not in rest]
        return sorted(found, key=lambda r: (r.mono, r.segment, r.pid, r.tid, r.seq))

    @staticmethod
    def _lane(number, lane, data, head, torn):
        position = 0
        while position < head:
            stamp = struct.unpack_from("<Q", data, position)[0]
            n = stamp & 0xFFFFFFFF
            if torn and not stamp >> 63:
                position += n if stamp else 8  # a record whose stamp is missing holds nothing but zeros
                continue
            if not stamp >> 63 or n < 8 or n % 8:
                raise AssertionError("bad stamp %x at %d of lane %d" % (stamp, position, lane))
            if TYPES[stamp >> 32 & 0xFF] != "PAD":
                fields = struct.unpack_from("<QIIII", data, position + 8)
                yield Record(number, lane, position, stamp, fields, data[position + 32:position + 32 + fields[4]])
            position += n

    def text(self, stream, pid=None, mirror=False):
        """What was recorded of @stream, trimmed by RESULT records, in order of time."""
        return b"".join(self.pieces(stream, pid, mirror))

    def pieces(self, stream, pid=None, mirror=False):
        return [r.data for r in self.data(stream) if bool(r.flags & MIRROR) == mirror and pid in (None, r.pid)]

    def data(self, stream):
        """The DATA records of @stream, trimmed by RESULT records."""
        records = self.records()
        results = {}
        for r in records:
            if r.type == "RESULT":
                first, last, got = struct.unpack("<IIq", r.data)
                results.setdefault((r.pid, r.tid), []).append([first, last, max(got, 0)])
        chosen = [r for r in records if r.type == "DATA" and r.stream == stream]
        for r in chosen:
            for result in results.get((r.pid, r.tid), ()):
                if result[0] <= r.seq <= result[1]:
                    r.data = r.data[:result[2]]
                    result[2] -= len(r.data)
        return chosen

    def lines(self, stream):
        """What was recorded, with what repeats a message, as sorted lines: between processes the order is that of the calls, not of the file."""
        text = {}
        for r in sorted(self.data(stream), key=lambda r: (r.mono, r.seq)):
            text[r.pid] = text.get(r.pid, b"") + r.data
        return sorted(line for t in text.values() for line in t.splitlines(True))

    def counted(self):
        """Bytes of standard output that were counted instead of recorded."""
        return sum(struct.unpack("<Q", r.data)[0] for r in self.records() if r.type == "DATA" and r.stream == "binary")

    def messages(self, kind=None):
        return [r for r in self.records() if r.type == "MESSAGE" and kind in (None, r.kind)]


def note_of(streams):
    """RETAP_FDS for these two as standard output and error."""
    ids = ["%x:%x" % (os.fstat(_fd(s)).st_dev, os.fstat(_fd(s)).st_ino) for s in streams]
    return "O:%s,E:%s,1=o:%s,2=e:%s" % (ids[0], ids[1], ids[0], ids[1])


def _fd(stream):
    if stream == subprocess.DEVNULL:
        raise ValueError("open /dev/null yourself")
    return stream if isinstance(stream, int) else stream.fileno()


def build_dir():
    return os.path.abspath(os.environ.get("RETAP_BUILD", "build/release"))


def shim():
    return build_dir() + "/libretap-preload.so"


def here(*parts):
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), *parts)


def compile_program(name, *flags):
    """Builds tests/preload/progs/NAME.c once; gives the path."""
    out = os.path.join(build_dir(), "tests/preload", name + "".join(f.replace("/", "_") for f in flags))
    source = here("progs", name + ".c")
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        subprocess.run([os.environ.get("CC", "gcc"), "-O1", "-g", "-D_GNU_SOURCE", "-w", *flags, "-o", out, source, "-pthread"], check=True)
    return out


class Skip(Exception):
    pass


def main(cases):
    """Runs each case; the last line is `N passed, N failed, N skipped`. Arguments choose cases by a part of their name."""
    if os.environ.get("RETAP_RUN"):
        sys.exit("not inside a run of retap")
    count = dict(passed=0, failed=0, skipped=0)
    for name, case in sorted(cases.items()):
        if not name.startswith("test_") or not any(a in name for a in sys.argv[1:] or [""]):
            continue
        start = time.monotonic()
        try:
            case()
            count["passed"] += 1
            if os.environ.get("V") or sys.stdout.isatty():
                print("passed %s, %.1f s" % (name, time.monotonic() - start))
        except Skip as why:
            print("skipped %s: %s" % (name, why), file=sys.stderr)
            count["skipped"] += 1
        except Exception as e:
            import traceback
            traceback.print_exc()
            print("FAILED %s: %s" % (name, e), file=sys.stderr)
            count["failed"] += 1
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    sys.exit(1 if count["failed"] else 77 if not count["passed"] else 0)


def equal(got, expected):
    if got != expected:
        raise AssertionError("got %r, expected %r" % (got[:400] if hasattr(got, "__getitem__") else got,
                                                     expected[:400] if hasattr(expected, "__getitem__") else expected))


def true(condition, what=""):
    if not condition:
        raise AssertionError(what)
