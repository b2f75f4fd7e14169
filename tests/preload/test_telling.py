#!/usr/bin/env python3
"""What libc says by itself (progs/telling.c): recorded as it was printed, once, and with what is known about the call."""
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403


def both(act, same=True):
    """Runs @act with and without the shim: nobody could tell. Gives the run and its result."""
    program = compile_program("telling")
    run = Run()
    try:
        plain = run.program([program, act], env={"LD_PRELOAD": ""})
        tapped = run.program([program, act])
        equal(tapped.returncode, plain.returncode)
        true(tapped.returncode != 99, "the program itself complains")
        if same:
            equal(tapped.stdout, plain.stdout)
            equal(tapped.stderr, plain.stderr)
        return run, tapped
    except BaseException:
        run.__exit__()
        raise


def calls(run, stream="stderr"):
    """The calls behind @stream, one each, with all the text that they printed."""
    found = []
    for r in run.records():
        if r.type != "DATA" or r.stream != stream or r.flags & MIRROR:
            continue
        for c in r.calls or [None]:
            if c is None or not c.flags & 1:  # RT_CALL_CONTINUES
                found.append(c)
            else:
                found[-1].text += c.text
    return found


def kinds(run, stream="stderr"):
    return [KINDS[c.kind] if c else None for c in calls(run, stream)]


def templates(run):
    return {struct.unpack_from("<I", r.data)[0]: r.data[8:] for r in run.records() if r.type == "TEMPLATE"}


# ---------------------------------------------------------------- error()
def test_error_is_recorded_as_printed_with_its_meaning():
    run, p = both("error")
    with run:
        equal(p.returncode, 0)
        equal(run.text("stderr"), p.stderr)
        equal(run.text("stdout"), b"before")
        found, names = calls(run), templates(run)
        equal([KINDS[c.kind] for c in found], ["error"] * 5)
        equal([c.errnum for c in found], [0, 2, 0, 5, 0])
        equal([names[c.template] for c in found], [b"plain %d", b"file %s", b"at %s %u", b"nowhere", b"why: %m"])
        equal(b"".join(c.text for c in found), p.stderr)
        true(all(c.site for c in found) and len({c.site for c in found}) == 5, "five call sites")
        equal(found[1].args, b"\x07\x01\0x")
        true("error" not in kinds(run, "stdout"), "what error() flushes is another call's")


def test_error_is_given_all_its_arguments():
    run, p = both("error_many")
    with run:
        equal(p.returncode, 0)
        equal(p.stderr.count(b"\n"), 8)
        equal(run.text("stderr"), p.stderr)
        equal(kinds(run)[:5], ["error"] * 5)
        equal([c.args.count(b"\x01") > 8 for c in calls(run)[:1]], [True])


def test_error_ends_the_program():
    run, p = both("error_exit")
    with run:
        equal(p.returncode, 7)
        equal((run.text("stdout"), run.text("stderr")), (p.stdout, p.stderr))
        equal(kinds(run), ["error"])


def test_a_program_says_its_name_inside_error():
    run, p = both("error_name")
    with run:
        equal(run.text("stderr"), p.stderr)
        equal(p.stderr.count(b"same.c"), 1)
        true("error" in kinds(run), "what error() itself prints is its own")


def test_a_hook_can_be_unwound_and_left():
    run, p = both("error_unwind")
    with run:
        true(p.stderr.startswith(b"found 1 left\n"), "the caller is found: %r" % p.stderr)
        equal(run.text("stderr"), p.stderr)
        equal([KINDS[c.kind] for c in calls(run) if b"left" in c.text or b"again" in c.text], ["", "error"])


def test_functions_of_other_libraries_with_the_same_name_are_left_alone():
    library = "#include <stdio.h>\nvoid error(double a, const char *s) { fprintf(stderr, \"%.1f %s\\n\", a, s); }\n"
    program = "void error(double, const char *);\nint main(void) { error(1.5, \"their own\"); return 0; }\n"
    with tempfile.TemporaryDirectory() as t, Run() as run:
        for name, text, flags in (("libother.so", library, ["-shared", "-fPIC"]), ("program", program, ["-L" + t, "-lother", "-Wl,-rpath," + t])):
            with open(t + "/x.c", "w") as f:
                f.write(text)
            subprocess.run(["gcc", "-w", "-o", t + "/" + name, t + "/x.c", *flags], check=True)
        p = run.program([t + "/program"])
        equal((p.returncode, p.stderr, run.text("stderr")), (0, b"1.5 their own\n", b"1.5 their own\n"))
        true("error" not in kinds(run), "it is not libc's")


MUSL_LIBRARY = """#include <stdio.h>
void error(int status, int errnum, const char *fmt) { fprintf(stderr, "error %d %d %s\\n", status, errnum, fmt); }
void backtrace_symbols_fd(void *const *at, int n, int fd) { dprintf(fd, "%d frames\\n", n); }
int argp_parse(void *a, int argc, char **argv, unsigned flags, int *end, void *input) { return argc + flags; }
int __vfprintf_chk(FILE *f, int flag, const char *fmt, __builtin_va_list ap) { return vfprintf(f, fmt, ap); }
"""
MUSL_PROGRAM = """#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
void error(int, int, const char *), backtrace_symbols_fd(void *const *, int, int), (*bsd_signal(int, void (*)(int)))(int);
int argp_parse(void *, int, char **, unsigned, int *, void *), __vfprintf_chk(FILE *, int, const char *, va_list);
static void checked(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    __vfprintf_chk(stderr, 1, fmt, ap);
    va_end(ap);
}
int main(void)
{
    error(0, 2, "their own");
    backtrace_symbols_fd(NULL, 0, 2);
    checked("checked %d\\n", 3);
    return argp_parse(NULL, 4, NULL, 5, NULL, NULL) + (bsd_signal(SIGUSR1, SIG_IGN) == SIG_ERR);
}
"""


def test_functions_that_a_library_adds_to_musl_are_found():
    if not shutil.which("musl-gcc"):
        raise Skip("musl-gcc is not installed")
    with tempfile.TemporaryDirectory() as t, Run() as run:
        for name, text, flags in (("libadded.so", MUSL_LIBRARY, ["-shared", "-fPIC"]),
                                  ("program", MUSL_PROGRAM, ["-L" + t, "-ladded", "-Wl,-rpath," + t])):
            with open(t + "/x.c", "w") as f:
                f.write(text)
            subprocess.run(["musl-gcc", "-w", "-o", t + "/" + name, t + "/x.c", *flags], check=True)
        p = run.program([t + "/program"])
        equal((p.returncode, p.stderr), (9, b"error 0 2 their own\n0 frames\nchecked 3\n"))


# ---------------------------------------------------------------- the command line
def test_complaints_of_getopt_are_about_usage():
    run, p = both("getopt")
    with run:
        equal(run.text("stderr"), p.stderr)
        equal(set(kinds(run)), {"usage"})
        equal(p.stderr.count(b"\n"), 10)


def test_complaints_of_argp_are_about_usage():
    run, p = both("argp")
    with run:
        equal(p.returncode, 0)
        equal((run.text("stdout"), run.text("stderr")), (p.stdout, p.stderr))
        found = calls(run)
        equal({KINDS[c.kind] for c in found if b"an argument" not in c.text}, {"usage"})
        equal([KINDS[c.kind] for c in found if b"an argument" in c.text], [""])
        names = templates(run)
        equal({names[c.template]: c.errnum for c in found if c.template},
              {b"option %s is %d": 0, b"cannot use %s": 2, b"%s ends it": 0})


# ---------------------------------------------------------------- the rest
def test_signals_are_described():
    run, p = both("signal")
    with run:
        equal(run.text("stderr"), b"".join(l + b"\n" for l in p.stderr.splitlines()[:2]))
        equal(kinds(run), ["signal", "signal"])
        said = run.messages("signal")
        equal([m.text for m in said],
              [b"psiginfo: Segmentation fault (code 1, address 0x1234)", b"Terminated (code 0, from pid 42, uid 7)"])
        true(all(m.calls[0].site for m in said), "the site is known")


def test_herror_is_recorded_as_printed():
    run, p = both("herror")
    with run:
        equal(b"".join(m.text + b"\n" for m in run.messages("perror")), p.stderr)
        equal(run.text("stderr"), b"")


def test_fmtmsg_is_recorded_as_printed():
    run, p = both("fmtmsg")
    with run:
        equal(run.text("stderr"), p.stderr)
        equal(kinds(run), ["fmtmsg", "fmtmsg"])


def test_statistics_of_malloc_have_their_site():
    run, p = both("malloc")
    with run:
        equal((run.text("stdout"), run.text("stderr")), (p.stdout, p.stderr))
        true(len({c.site for c in calls(run)}) == 2, "who asked is known")


def test_a_backtrace_is_recorded_as_printed():
    run, p = both("backtrace", same=False)
    with run:
        true(p.stderr.count(b"\n") >= 4 and b"telling(" in p.stderr, "there is a backtrace")
        equal((run.text("stdout"), run.text("stderr")), (p.stdout, p.stderr))
        equal(set(kinds(run)), {"signal"})


# ---------------------------------------------------------------- last words
def last(act, *flags):
    """Runs @act of progs/last.c with and without the shim; both die alike."""
    program = compile_program("last", *flags)
    run = Run()
    try:
        with tempfile.TemporaryDirectory() as t:
            plain = run.program([program, act], env={"LD_PRELOAD": ""}, cwd=t)
            tapped = run.program([program, act], cwd=t)
        equal((tapped.returncode, tapped.stdout, tapped.stderr), (plain.returncode, plain.stdout, plain.stderr))
        true(tapped.returncode != 99, "the program itself complains")
        return run, tapped
    except BaseException:
        run.__exit__()
        raise


def said(run):
    return [(m.kind, m.text) for m in run.messages()]


def test_last_words_of_libc_are_recorded():
    for act, flags in (("double_free", ()), ("double_free_thread", ()), ("double_free_altstack", ()),
                       ("fortify", ("-O2", "-D_FORTIFY_SOURCE=2"))):
        run, p = last(act, *flags)
        with run:
            equal(p.returncode, -signal.SIGABRT)
            true(p.stderr.endswith(b"\n"), "libc said something")
            equal(said(run), [("fatal", p.stderr.splitlines(True)[-1])])
            equal(run.text("stderr") + p.stderr.splitlines(True)[-1], p.stderr)


def test_a_smashed_stack_is_told_once():
    run, p = last("smash", "-fstack-protector-all")
    with run:
        equal(p.returncode, -signal.SIGABRT)
        equal([text for kind, text in said(run)], [p.stderr.rstrip(b"\n")])


def test_assertions_are_told_once():
    run, p = last("assertion")
    with run:
        equal([kind for kind, text in said(run)], ["assert"])
    run, p = last("old_assertion")
    with run:
        equal([(m.kind, m.text, m.file, m.line) for m in run.messages()], [("assert", b"Assertion `3 == 4' failed.", b"old.c", 12)])


def test_the_signal_does_what_it_would_have_done():
    for act, status in (("abort", -signal.SIGABRT), ("raise", -signal.SIGABRT), ("kill", -signal.SIGABRT), ("queue", -signal.SIGABRT),
                        ("from_child", -signal.SIGABRT), ("blocked", -signal.SIGABRT), ("ignored", 0), ("handlers", 0), ("own_handler", 3),
                        ("own_handler_returns", -signal.SIGABRT), ("reset", -signal.SIGABRT), ("children", 0), ("vfork_child", 0)):
        run, p = last(act)
        with run:
            equal((act, p.returncode), (act, status))
            equal([kind for kind, text in said(run) if kind == "fatal"], ["fatal"] if act == "reset" else [])


def test_the_core_file_and_its_reason_are_unchanged():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        program = compile_program("last")
        for act in ("double_free", "kill", "from_child"):
            seen = []
            for env in ({"LD_PRELOAD": ""}, {}):
                p = run.program([program, "watched", act], env=env, cwd=t)
                equal(p.returncode, 0)
                seen.append(p.stdout)
            equal(seen[0], seen[1])
            true(seen[0].startswith(b"status 134 signal 6 "), "the child died of SIGABRT: %r" % seen[0])


if __name__ == "__main__":
    main(globals())
