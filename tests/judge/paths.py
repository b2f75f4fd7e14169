"""Entity paths as the official SDK writes them: every character escaped, random parts, random texts as users may write them, and what the
official reader makes of paths of ours. `paths.py --letters` prints the table of sdk/base/letter.c as this SDK has it.

Exit 0, 1 with the reason, or 77 when the SDK is not installed."""
import ctypes
import os
import random
import sys
import tempfile

BUILD = os.environ.get("RETAP_BUILD", "build/release")
try:
    import rerun as rr
    from rerun.chunk import RrdReader
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)

INVALID = ctypes.c_size_t(-1).value
RANDOM_TEXTS = 6000
PIECES = ["a", "Bc", "_", "-", ".", "/", "/", "//", "\\", "\\\\", "\\/", "\\n", "\\t", "\\ ", "\\u", "\\u{", "}", "{", "\\u{41}", "\\u{1F600}", "\\u{d800}",
          "\\u{0}", "\\u{5c}", "\\u{5C}", "\\u{123456}", "\\u{00000041}", " ", "!", "[#1]", ":", "\u00e9", "\u2602", "\U0001f600", "\u00bd", "\t", "\n", "\x01", "\u00a0", "\\x",
          "\\\u00e9", "u", "n", "7"]


def letters():
    """Where runs of characters that need no escape begin and end."""
    edges, inside = [], False
    for c in range(0x80, 0x110000):
        letter = not 0xD800 <= c < 0xE000 and rr.escape_entity_path_part(chr(c)) == chr(c)
        if letter != inside:
            edges.append(c)
            inside = letter
    return edges


class Library:
    def __init__(self):
        self.lib = ctypes.CDLL(os.path.join(BUILD, "libretap.so"))
        for name in ("rr_escape_entity_path_part_n", "rr_parse_entity_path_n"):
            function = getattr(self.lib, name)
            function.restype = ctypes.c_size_t
            function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

    def call(self, name, text):
        raw = text.encode()
        buf = ctypes.create_string_buffer(16 * len(raw) + 2)
        n = getattr(self.lib, name)(raw, len(raw), buf, len(buf))
        return None if n == INVALID else buf.raw[:n].decode()

    def escape(self, part):
        return self.call("rr_escape_entity_path_part_n", part)

    def parse(self, path):
        return self.call("rr_parse_entity_path_n", path)


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


def random_texts(seed):
    rng = random.Random(seed)
    for _ in range(RANDOM_TEXTS):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 12)))


def paths_written(texts):
    """The entity path in a recording of the official SDK for each text."""
    with tempfile.TemporaryDirectory() as place:
        file = os.path.join(place, "paths.rrd")
        rec = rr.RecordingStream("paths", send_properties=False)
        rec.save(file)
        for i, text in enumerate(texts):
            rec.set_time("i", sequence=i)
            rec.log(text, rr.TextLog("x"))
        rec.flush()
        rec.disconnect()
        found = {}
        for chunk in RrdReader(file).stream():
            batch = chunk.to_record_batch()
            if "i" in batch.schema.names:
                found.update((i, str(chunk.entity_path)) for i in batch.column("i").to_pylist())
        return [found.get(i) for i in range(len(texts))]


def judge_escapes(lib):
    for c in range(1, 0x110000):
        if not 0xD800 <= c < 0xE000:
            want = rr.escape_entity_path_part(chr(c))
            check(lib.escape(chr(c)) == want, "character", hex(c), lib.escape(chr(c)), "expected", want)
    for text in random_texts(1):
        check(lib.escape(text) == rr.escape_entity_path_part(text), "part", repr(text))


def as_read_back(path):
    """A part of ours that ends in a backslash and has one behind it: the official SDK writes "\\\\/" there, and its reader makes one part of the two."""
    return path.replace("\\u{005C}/", "\\\\\\/")


def judge_paths(lib):
    texts = list(random_texts(2)) + ["", "/", "a/b", "\\", "/\\", "__x/y"]
    ours = [lib.parse(t) for t in texts]
    for text, mine, theirs in zip(texts, ours, paths_written(texts)):
        check(as_read_back(mine) == theirs, "path", repr(text), "is", mine, "expected", theirs)
    for text, mine, theirs in zip(texts, ours, paths_written(ours)):
        check(as_read_back(mine) == theirs, "our path", mine, "of", repr(text), "is read as", theirs)
    return sum(as_read_back(mine) != mine for mine in ours)


def main():
    if sys.argv[1:] == ["--letters"]:
        print(", ".join(hex(c & 0xFFFF) for c in letters()))
        return
    lib = Library()
    judge_escapes(lib)
    differ = judge_paths(lib)
    print(f"all characters, {RANDOM_TEXTS} parts and {RANDOM_TEXTS} paths as the official SDK has them; {differ} have a part that ends in a backslash")


main()
