#!/usr/bin/env python3
"""What programs say through GLib and libsystemd (progs/linked): recorded once, whoever prints it in the end."""
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libdaemons import JOURNAL, Connections, Datagrams  # noqa: E402
from shimtest import *  # noqa: E402,F403


def program(name, library):
    try:
        return compile_program(name, "-Wl,--no-as-needed", "-l:" + library)
    except subprocess.CalledProcessError:
        raise Skip("%s is not installed" % library)


def masked(text):
    """Without numbers of processes, times and the number that GLib counts its messages by."""
    return re.sub(rb"\d\d:\d\d:\d\d\.\d+|:\d+\)|process:\d+", b"#", text)


def both(path, act, **env):
    run = Run()
    try:
        plain = run.program([path, act], env=dict(env, LD_PRELOAD=""))
        tapped = run.program([path, act], env=env)
        equal(tapped.returncode, plain.returncode)
        equal(masked(tapped.stdout), masked(plain.stdout))
        equal(masked(tapped.stderr), masked(plain.stderr))
        return run, tapped
    except BaseException:
        run.__exit__()
        raise


# ---------------------------------------------------------------- GLib
ERROR, CRITICAL, WARNING, MESSAGE, INFO, DEBUG = 4, 8, 16, 32, 64, 128


def glib(act, **env):
    return both(program("linked/glibs", "libglib-2.0.so.0"), act, **env)


def said(run):
    return [(m.options, m.ident, m.text) for m in run.messages("glib")]


def test_messages_of_every_level_are_recorded_once():
    expected = [(CRITICAL, b"dom", b"critical 1"), (WARNING, b"dom", b"warning 2"), (MESSAGE, b"", b"message 3.0"),
                (INFO, b"dom", b"info 4"), (DEBUG, b"dom", b"debug 5"), (WARNING, b"dom", b"logv 6")]
    for env in ({}, {"G_MESSAGES_DEBUG": "all"}):
        run, p = glib("levels", **env)
        with run:
            equal(said(run), expected)
            equal(run.text("stderr"), b"after\n")
            equal(len(run.text("stderr")) + len(run.text("stderr", mirror=True)), len(p.stderr))
            true(b"critical 1" in p.stderr, "GLib prints")
            # what waited in the buffer when GLib flushed it is no mirror
            equal(run.text("stdout").replace(b"pending more\nout after\n", b""), b"")
            equal(len(run.text("stdout")) + len(run.text("stdout", mirror=True)), len(p.stdout))
            true(all(m.calls[0].site for m in run.messages("glib")), "the site is known")


def test_structured_messages_bring_their_place():
    run, p = glib("structured")
    with run:
        equal([(m.options, m.ident, m.text, m.file, m.line, m.function) for m in run.messages("glib")],
              [(WARNING, b"dom", b"structured 1 x", b"s.c", 12, b""), (MESSAGE, b"dom", b"1 2 3 4.500000 five 6", b"", 0, b""),
               (CRITICAL, b"dom", b"standard 1 2 3 4 5 6 7.000000", b"t.c", 34, b"func"),
               (WARNING, b"fields", b"array\nof two", b"a.c", 77, b"f"), (MESSAGE, b"dom", b"from a variant", b"", 0, b"")])
        text = run.text("stderr")
        true(b"not looked into: wide" in text and text.count(b"**") <= 2, "what is not understood is printed as ever")


def test_macros_bring_their_place():
    run, p = glib("macros")
    with run:
        equal(p.returncode, -signal.SIGABRT)
        equal([(m.options, m.text, m.file, m.line, m.function) for m in run.messages("glib")],
              [(CRITICAL, b"my_function: assertion 'x != NULL' failed", b"", 0, b"my_function"),
               (WARNING, b"(w.c:5):my_function: runtime check failed: (x > 0)", b"w.c", 5, b"my_function"),
               (WARNING, b"(w.c:6): code should not be reached", b"w.c", 6, b""),
               (ERROR, b"assertion failed: (1 == 2)", b"as.c", 9, b"my_function")])
        equal(run.text("stderr"), b"")
        equal(run.messages("abort"), [])
        for m in run.messages("glib"):
            true(m.text in p.stderr, "the text is GLib's: %r" % m.text)


def test_deaths_are_told_once():
    run, p = glib("unreachable")
    with run:
        equal(said(run), [(ERROR, b"dom", b"text of its own")])
        equal([m.kind for m in run.messages()], ["glib"])
    run, p = glib("error")
    with run:
        true(p.returncode in (-signal.SIGTRAP, -signal.SIGABRT), "it dies of it: %d" % p.returncode)
        equal(said(run), [(ERROR, b"dom", b"it is over")])
        equal([m.kind for m in run.messages()], ["glib"])


def test_printing_by_glib_is_printing():
    run, p = glib("print")
    with run:
        equal((run.text("stdout"), run.text("stderr")), (p.stdout, p.stderr))
        equal(run.messages(), [])
        calls = [c for r in run.records() if r.stream == "stderr" for c in r.calls]
        true(calls and calls[0].site and calls[0].template, "site and template are known")
    run, p = glib("print_handler")
    with run:
        equal((p.stdout, run.text("stdout")), (b"handled\n", b"handled\n"))


def test_what_the_program_drops_or_prints_itself_is_recorded_once():
    run, p = glib("writer_drops")
    with run:
        equal(said(run), [(INFO, b"dom", b"dropped 1"), (WARNING, b"dom", b"not dropped by the writer")])
        equal(run.text("stderr"), b"")
    run, p = glib("handler")
    with run:
        equal(p.stderr, b"handler: for the handler\nraw\nown\n")
        equal([(m.kind, m.text) for m in run.messages()], [("glib", b"for the handler")])
        equal(run.text("stderr"), b"own\n")


PLUGIN = """void g_log(const char *, int, const char *, ...);
void go(void) { g_log("dom", 16, "from a plugin %d", 1); }
"""
HOST = """#include <dlfcn.h>
int main(int argc, char **argv)
{
    void *h = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!h)
        return 1;
    ((void (*)(void))dlsym(h, "go"))();
    return 0;
}
"""


def test_a_plugin_that_brings_glib_along_is_served():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        for name, text, flags in (("plugin.so", PLUGIN, ["-shared", "-fPIC", "-Wl,--no-as-needed", "-l:libglib-2.0.so.0"]),
                                  ("host", HOST, ["-ldl"])):
            with open(t + "/x.c", "w") as f:
                f.write(text)
            if subprocess.run(["gcc", "-w", "-o", t + "/" + name, t + "/x.c", *flags], capture_output=True).returncode:
                raise Skip("libglib-2.0.so.0 is not installed")
        p = run.program([t + "/host", t + "/plugin.so"])
        equal(p.returncode, 0)
        true(b"from a plugin 1" in p.stderr, "it is printed")
        equal(said(run), [(WARNING, b"dom", b"from a plugin 1")])
        equal(run.text("stderr"), b"")


# ---------------------------------------------------------------- libsystemd
def journal(act):
    return both(program("linked/journals", "libsystemd.so.0"), act)


def fields(message):
    """The fields of an entry, in order."""
    found, text = [], message.text
    while text:
        line, _, rest = text.partition(b"\n")
        if b"=" in line:
            found.append(tuple(line.split(b"=", 1)))
            text = rest
        else:
            n = int.from_bytes(rest[:8], "little")
            found.append((line, rest[8:8 + n]))
            equal(rest[8 + n:9 + n], b"\n")
            text = rest[9 + n:]
    return found


AT = [(b"CODE_FILE", b"here.c"), (b"CODE_LINE", b"42"), (b"CODE_FUNC", b"function")]


def entries(run):
    return [fields(m) for m in run.messages("journal")]


def test_printing_to_the_journal_is_recorded():
    run, p = journal("print")
    with run:
        equal(entries(run), [[(b"MESSAGE", b"plain 1 x"), (b"PRIORITY", b"3")], [(b"MESSAGE", b"two\nlines"), (b"PRIORITY", b"6")],
                             [(b"MESSAGE", b"printv 2.500000"), (b"PRIORITY", b"4")],
                             [(b"MESSAGE", b"located y"), (b"PRIORITY", b"5")] + AT,
                             [(b"MESSAGE", b"printv located"), (b"PRIORITY", b"5")] + AT,
                             [(b"MESSAGE", b"why: No such file or directory"), (b"PRIORITY", b"3")]])
        true(all(m.calls[0].site and m.calls[0].template for m in run.messages("journal")), "site and template are known")


def test_entries_sent_to_the_journal_are_recorded():
    run, p = journal("send")
    with run:
        got = entries(run)
        equal(got[0], [(b"MESSAGE", b"sent 1"), (b"PRIORITY", b"4"), (b"MY_FIELD", b"text and 2.500000")])
        equal(got[1], [(b"A", b"1"), (b"B", b"2"), (b"C", b"3"), (b"D", b"4"), (b"E", b"5"), (b"F", b"6.000000"),
                       (b"MESSAGE", b"many\nlines here"), (b"G", b"7.000000")])
        equal(got[2:4], [[(b"MESSAGE", b"only")], [(b"MESSAGE", b"located 7"), (b"PRIORITY", b"2")] + AT])
        true(all(m.calls[0].site for m in run.messages("journal")), "the site is known")
    run, p = journal("sendv")
    with run:
        vector = [(b"MESSAGE", b"vector"), (b"PRIORITY", b"3")]
        equal(entries(run), [vector + [(b"BIN", b"a\nb\0c")], vector + AT])


def test_errors_told_to_the_journal_are_recorded():
    run, p = journal("perror")
    with run:
        equal(entries(run), [[(b"MESSAGE", b"opening: Permission denied"), (b"PRIORITY", b"3"), (b"ERRNO", b"13")],
                             [(b"MESSAGE", b"Input/output error"), (b"PRIORITY", b"3"), (b"ERRNO", b"5")],
                             [(b"MESSAGE", b"there: Operation not permitted"), (b"PRIORITY", b"3"), (b"ERRNO", b"1")] + AT])


def test_long_entries_are_cut_where_memory_ends():
    run, p = journal("long")
    with run:
        a, b = run.messages("journal")
        equal(fields(a), [(b"MESSAGE", b"l" * 5000), (b"PRIORITY", b"6")])
        true(b.flags & TRUNCATED and not a.flags & TRUNCATED, "the longer one is cut, and says so")


def test_journald_is_sent_what_it_would_be_sent():
    path, sent = program("linked/journals", "libsystemd.so.0"), []
    with Datagrams(JOURNAL + "socket") as daemon:
        for env in ({"LD_PRELOAD": ""}, {}):
            for act in ("print", "send", "sendv", "perror"):
                with Run() as run:
                    run.program([path, act], env=env)
                    came = daemon.take()
                    sent.append(came)
                    if not env:
                        equal(run.pieces("journal", mirror=True), came)
                        equal(len(run.messages("journal")), len(came))  # also what was not looked into: libsystemd's own call has it
    equal(sent[4:], sent[:4])
    equal([len(s) for s in sent], [6, 5, 2, 3] * 2)


def test_lines_on_a_stream_of_the_journal_are_recorded():
    with Connections(JOURNAL + "stdout") as daemon, Run() as run:
        p = run.program([program("linked/journals", "libsystemd.so.0"), "stream"])
        equal(p.returncode, 0)
        equal(run.text("journal_text"), b"".join(daemon.take()))
        true(run.text("journal_text").endswith(b"\n<3>by a stream\n"), "the line is there")


if __name__ == "__main__":
    main(globals())
