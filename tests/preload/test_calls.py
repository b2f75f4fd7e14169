#!/usr/bin/env python3
"""What records tell of calls (progs/calls.c): where they came from, formats and arguments, and standard output that is still in libc's
buffer. The program itself must not notice: its output is compared with that of a run without the shim."""
import functools
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403
from test_shim import alone  # noqa: E402

BACKLOG_AT, BACKLOG_BYTES, BACKLOGS = 4096, 8192, 7


def program():
    return compile_program("calls", "-fno-builtin")


def tap(act, calls=1):
    run = Run(calls=calls)
    plain, tapped = alone([program(), act]), run.program([program(), act])
    equal(tapped.returncode, plain.returncode)
    equal(tapped.stderr, plain.stderr)
    equal(tapped.stdout, plain.stdout)
    return run, tapped


@functools.cache
def functions():
    """Of the program: [(start, end, name)]."""
    lines = subprocess.run(["nm", "-S", "--defined-only", program()], text=True, capture_output=True, check=True).stdout.splitlines()
    rows = [line.split() for line in lines if len(line.split()) == 4]
    return [(int(at, 16), int(at, 16) + int(size, 16), name) for at, size, kind, name in rows if kind in "tT"]


def modules(run):
    """[(base, start, end, path, build id)] of all processes."""
    found = []
    for r in run.records():
        if r.type == "MODULE":
            base, start, end, id_len, path_len = struct.unpack_from("<QQQII", r.data)
            found.append((base, start, end, r.data[32 + id_len:32 + id_len + path_len].decode(), r.data[32:32 + id_len]))
    return found


def place(run, site):
    """The function of the program that @site lies in."""
    for base, start, end, path, _ in modules(run):
        if start <= site - 1 < end and path == os.path.realpath(program()):
            return next((name for a, b, name in functions() if a <= site - 1 - base < b), None)
    return None


def calls(run, *streams):
    """[(call, its text)] of DATA records, in order; a later piece of a call is joined to it."""
    found = []
    for r in run.records():
        if r.type == "DATA" and r.stream in streams:
            for c in r.calls:
                if c.flags & 1 and found:
                    found[-1][1] += c.text
                else:
                    found.append([c, c.text])
    return found


def templates(run):
    return {struct.unpack_from("<II", r.data)[0]: r.data[8:] for r in run.records() if r.type == "TEMPLATE"}


def backlogs(run):
    """{owner: bytes left in the area} of what was never written."""
    left = {}
    for number in run.segments():
        with open("%s/live/%d" % (run.dir, number), "rb") as f:
            data = f.read(BACKLOG_AT + BACKLOGS * BACKLOG_BYTES)
        for at in range(BACKLOG_AT, len(data), BACKLOG_BYTES):
            owner, _, n, _ = struct.unpack_from("<IIII", data, at)
            body, text, k = data[at + 32:at + 32 + n], b"", 0
            while k < n:
                c = Call(body, k)
                text += c.text
                k = c.end + c.text_len
            if owner:
                left[owner] = text
    return left


def test_every_call_tells_where_it_came_from():
    run, p = tap("sites")
    with run:
        for line in p.stderr.splitlines() + p.stdout.splitlines():
            word = line.split()[0].rstrip(b":").decode()
            if word == "by_perror":
                site = run.messages("perror")[0].calls[0].site
            else:
                made = [(c, t) for c, t in calls(run, "stdout", "stderr") if place(run, c.site) == word]
                equal(b"".join(t for _, t in made), line + b"\n")
                continue
            equal(place(run, site), word)


def test_modules_have_build_ids():
    run, _ = tap("sites")
    with run:
        found = {os.path.basename(path): build_id for *_, path, build_id in modules(run)}
        notes = subprocess.run(["readelf", "-n", program()], text=True, capture_output=True).stdout
        equal(found["calls-fno-builtin"].hex(), notes.split("Build ID: ")[1].split()[0])
        true("libc.so.6" in found and "libretap-preload.so" in found, repr(found))


def test_formats_and_arguments():
    run, p = tap("arguments")
    with run:
        texts = templates(run)
        made = [(texts.get(c.template), c.args, text) for c, text in calls(run, "stderr")]
        equal(b"".join(text for *_, text in made), p.stderr)
        first = made[0]
        equal(first[0], b"all %d %s %5.2f %c %p %m %% %.*s\n")
        expected = (b"\1" + struct.pack("<q", -5) + b"\7" + struct.pack("<H", 4) + b"text" + b"\3" + struct.pack("<d", 2.5) + b"\4" +
                    struct.pack("<Q", ord("x")) + b"\5" + struct.pack("<Q", 0x1234) + b"\6" + struct.pack("<q", 13) + b"\7" +
                    struct.pack("<H", 3) + b"abc")
        equal(first[1], expected)
        equal([(t, struct.unpack("<xq", a)[0]) for t, a, _ in made[1:4]], [(b"again %d\n", i) for i in range(3)])
        equal([t for t, _, _ in made[4:6]], [b"made first %d\n", None])  # the second stands where the first stood
        equal(made[6][0], None)
        equal((made[7][0], made[7][1][0], len(made[7][1])), (b"long %s\n", 8, 3 + 128))
        equal(made[8], (None, b"", b"only text\n"))  # "%s" says nothing that the text does not
        told = [r.data for r in run.records() if r.type == "TEMPLATE"]
        equal(len(told), len(set(told)))


def test_a_printf_that_fills_a_buffer_tells_its_format_only_when_asked():
    run, p = tap("full", calls=0)
    with run:
        equal(run.text("stdout"), p.stdout)
        made = calls(run, "stdout")
        equal([c for c, _ in made[1:] if c.template or c.args], [])  # the first made the buffer
        equal({place(run, site) for site in {c.site for c, _ in made}}, {"act_full"})


def test_what_was_never_written_is_left_in_the_backlog():
    run, p = tap("unflushed")
    with run:
        equal(p.stdout, b"flushed 1\n")
        equal(run.text("stdout"), p.stdout)
        equal(list(backlogs(run).values()), [b"left 2\nbehind"])


def test_more_than_the_buffer_holds():
    run, p = tap("full")
    with run:
        equal(run.text("stdout"), p.stdout)
        equal(b"".join(text for _, text in calls(run, "stdout")), p.stdout)
        equal(list(backlogs(run).values()), [b""])
        texts = templates(run)
        numbered = [struct.unpack("<xq", c.args)[0] for c, t in calls(run, "stdout") if texts.get(c.template) == b"%d\n" and c.args]
        equal(sorted(set(numbered)), numbered)
        true(len(numbered) > 2900, "nearly each line is a call with its argument; got %d" % len(numbered))


def test_a_forked_child_prints_what_it_inherited():
    run, p = tap("forked")
    with run:
        equal(p.stdout.count(b"before 1"), 2)
        equal(run.text("stdout").count(b"before 1"), 2)
        equal(sorted(run.text("stdout").splitlines()), sorted(p.stdout.splitlines()))
        equal(set(backlogs(run).values()), {b""})


def test_buffers_of_every_kind():
    run, p = tap("buffers")
    with run:
        equal(run.text("stdout"), p.stdout)


def test_text_that_went_elsewhere_is_not_recorded():
    run, _ = tap("elsewhere")
    with run:
        equal(run.text("stdout"), b"")
        equal(set(backlogs(run).values()), {b""})


def test_threads_share_a_buffer():
    with Run() as run:
        p = run.program([program(), "threads"])
        everything = run.text("stdout") + b"".join(backlogs(run).values())
        equal(len(everything.splitlines()), 8 * 500 + 1)
        equal(sorted(everything.splitlines()), sorted([b"thread %d line %d" % (t, i) for t in range(8) for i in range(500)] + [b"end"]))
        true(everything.startswith(p.stdout), "what was written is recorded in its order")


def test_wide_output_of_a_buffer():
    run, p = tap("wide")
    with run:
        equal(run.text("stdout"), p.stdout)


if __name__ == "__main__":
    main(globals())
