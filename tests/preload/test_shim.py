#!/usr/bin/env python3
"""What the shim records of small programs that do one thing each (progs/acts.c), byte by byte, and that they do not notice it."""
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403


def acts(*flags):
    return compile_program("acts", *flags)


def alone(argv, **more):
    """The same program without the shim; files as stdout and stderr, as under it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(2, 9, inheritable=True)
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, pass_fds=(9,), timeout=30, **more)
        out.seek(0)
        err.seek(0)
        p.stdout, p.stderr = out.read(), err.read()
    return p


def both(act, env=None):
    """Runs @act with and without; checks that nobody could tell. Gives the run and its result."""
    run = Run()
    try:
        plain, tapped = alone([acts(), act], env=dict(os.environ, **(env or {}))), run.program([acts(), act], env=env)
        equal(tapped.returncode, plain.returncode)
        equal(tapped.stdout, plain.stdout)
        equal(tapped.stderr, plain.stderr)
        return run, tapped
    except BaseException:
        run.__exit__()
        raise


def test_every_form_of_output_is_recorded_once():
    run, p = both("forms")
    with run:
        equal(run.text("stdout"), p.stdout)
        equal(run.text("stderr"), p.stderr)


def test_wide_output_is_recorded():
    run, p = both("wide")
    with run:
        equal(run.text("stderr"), p.stderr)
        equal(run.text("stdout"), p.stdout)


def test_state_of_the_process_is_unchanged():
    with Run() as run:
        plain, tapped = alone([acts(), "state"]), run.program([acts(), "state"])
        equal(tapped.returncode, 0)
        ours = (b"LD_PRELOAD=", b"RETAP_RUN=", b"RETAP_FDS=")
        lines = [line for line in tapped.stdout.split(b"\n") if not line.startswith(ours)]
        equal(b"\n".join(lines), plain.stdout)
        equal(tapped.stderr, plain.stderr)


def test_errno_is_what_the_call_left():
    run, p = both("errno")
    with run:
        equal(p.returncode, 0)
        equal(run.text("stdout"), b"y\n")


def test_calls_that_do_less_are_trimmed_and_bad_addresses_fail_in_the_call():
    run, p = both("short")
    with run:
        equal(p.returncode, 0)
        equal(p.stderr, b"good\n012345678end\n")
        equal(run.text("stderr"), p.stderr)
        results = [struct.unpack("<IIq", r.data) for r in run.records() if r.type == "RESULT"]
        equal([r[2] for r in results], [5, -27, -27, 4])  # half of it; EFBIG; the same through stdio; 4 of 5
        equal([r.data for r in run.records() if r.flags & AFTER], [b"good"])


def test_children_of_every_kind_have_their_own_names():
    run, p = both("forks")
    with run:
        equal(p.returncode, 0)
        records = run.records()
        equal(len({r.segment for r in records}), 1)  # a child goes on in its parent's
        said = {r.data: r.pid for r in records if r.type == "DATA"}
        names = [b"parent\n", b"fork\n", b"_Fork\n", b"SYS_fork\n", b"clone\n", b"grandchild\n", b"daemon\n"]
        equal(len({said[n] for n in names}), len(names))
        equal(said[b"parent again\n"], said[b"parent\n"])
        for n in names[1:]:
            how = [struct.unpack_from("<I", r.data)[0] for r in records if r.type == "PROCESS" and r.pid == said[n]]
            equal(how, [2])
        exits = {r.pid: struct.unpack("<i", r.data)[0] for r in records if r.type == "EXIT"}
        equal([exits[said[n]] for n in names[1:4]], [0, 1, 2])
        true(7 in exits.values() and [pid for pid in exits if exits[pid] == 7][0] != said[b"parent\n"], "a vfork child's _exit is its own")
        waited = {struct.unpack_from("<Ii", r.data)[0]: struct.unpack_from("<Ii", r.data)[1] for r in records if r.type == "WAITED"}
        equal([waited[said[n]] for n in names[1:5]], [0, 0x100, 0x200, 0])
        true(9 in waited.values(), "death by a signal is told")
        seqs = {}
        for r in sorted(records, key=lambda r: (r.pid, r.tid, r.seq)):
            equal(r.seq, seqs.setdefault((r.pid, r.tid), 0))
            seqs[(r.pid, r.tid)] += 1


def test_streams_follow_their_descriptors():
    run, p = both("moved")
    with run:
        equal(p.returncode, 0)
        equal(run.text("stdout"), b"to stdout by 2\n")
        equal(run.text("stderr"), b"to stderr by 1\nlast\n")


def test_class_survives_exec():
    run, p = both("exec")
    with run:
        equal(p.stderr, b"after exec\n")
        equal(run.text("stderr"), p.stderr)
        paths = [r.data for r in run.records() if r.type == "EXEC"]
        equal(paths, [b"sh"])


def test_shell_redirections_end_in_the_right_stream():
    script = """echo out; echo err >&2; { echo swapped-err; echo swapped-out >&2; } 3>&1 1>&2 2>&3
        sh -c 'echo child; echo cherr >&2' 2>&1; echo gone >/dev/null; ls /nonexistent-1 2>/dev/null
        echo file > "$T/f"; cat "$T/f"; (echo piped; echo perr >&2) | cat; exec 4>&2; echo four >&4; echo by-name >>/dev/stderr"""
    for shell in ("bash", "dash"):
        with tempfile.TemporaryDirectory() as t, Run() as run:
            p = run.program([shell, "-c", script], env={"T": t})
            equal(p.returncode, 0)
            equal(sorted(run.text("stderr").splitlines()), sorted(p.stderr.splitlines()))
            # cat may move a file's bytes inside the kernel: then they are counted
            text, counted = run.text("stdout"), sum(struct.unpack("<Q", d)[0] for d in run.pieces("binary"))
            equal(len(text) + counted, len(p.stdout))
            equal(set(text.splitlines()) | {b"file", b"piped"}, set(p.stdout.splitlines()))


def test_one_file_for_both_streams():
    with Run() as run, tempfile.TemporaryFile() as f:
        run.program(["sh", "-c", "echo a; echo b >&2; sh -c 'echo c; echo d >&2'"], stdout=f, stderr=subprocess.STDOUT)
        equal(run.text("stdout"), b"a\nc\n")
        equal(run.text("stderr"), b"b\nd\n")
        f.seek(0)
        equal(f.read(), b"a\nb\nc\nd\n")


def test_a_null_device_that_the_launcher_gave_counts():
    with Run() as run, open("/dev/null", "wb") as null:
        run.program(["sh", "-c", "echo kept; echo err >&2; ls /nonexistent-2 2>/dev/null"], stdout=null)
        equal(run.text("stdout"), b"kept\n")
        equal(run.text("stderr"), b"err\n")


def test_output_that_goes_elsewhere_is_not_recorded():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        run.program(["sh", "-c", "echo data > $T/x; ls /nonexistent-3 2> $T/y; echo log"], env={"T": t})
        equal(run.text("stdout"), b"log\n")
        equal(run.text("stderr"), b"")


def test_binary_stdout_is_counted():
    with Run() as run:
        p = run.program(["gzip", "-c", "/bin/sh"])
        equal(run.text("stdout"), b"")
        equal(sum(struct.unpack("<Q", d)[0] for d in run.pieces("binary")), len(p.stdout))
    with Run() as run:
        p = run.program(["sh", "-c", "head -c 3000 /bin/sh"], env={"RETAP_STDOUT": "always"})
        equal(run.text("stdout"), p.stdout)
    with Run() as run:
        run.program(["sh", "-c", "echo text; echo err >&2"], env={"RETAP_STDOUT": "never"})
        equal(run.text("stdout"), b"")
        equal(run.text("stderr"), b"err\n")


def test_threads_keep_their_lines():
    run, p = both_lines("threads")
    with run:
        records = [r for r in run.records() if r.type == "DATA"]
        equal(len({r.tid for r in records}), 8)
        for tid in {r.tid for r in records}:
            mine = sorted((r for r in records if r.tid == tid), key=lambda r: r.seq)
            equal([r.seq for r in mine], list(range(200)))
            equal([int(r.data.split()[-1]) for r in mine], list(range(200)))


def both_lines(act):
    run = Run()
    p = run.program([acts(), act])
    equal(p.returncode, 0)
    equal(sorted(run.text("stderr").splitlines()), sorted(p.stderr.splitlines()))
    return run, p


def test_signal_handlers_nest_inside_records():
    run, p = both_lines("signals")
    with run:
        seqs = sorted(r.seq for r in run.records())
        equal(seqs, list(range(len(seqs))))


def test_a_jump_out_of_a_hook_leaves_no_mark():
    run, p = both("jump")
    with run:
        equal(run.text("stderr"), b"deep\n")
        equal([(m.kind, m.text) for m in run.messages()], [("warn", b"never seen"), ("syslog", b"still here")])


def test_syslog_by_the_rules_of_libc():
    run, p = both("syslog")
    with run:
        got = [(m.pri, m.ident, m.text[:40], m.options) for m in run.messages("syslog")]
        name = os.path.basename(acts()).encode()
        equal(got[:3], [(8 | 3, name, b"no openlog yet", 0), (19 << 3 | 4, b"first", b"errno Permission denied 5", 0x20),
                        (2 << 3 | 5, b"later", b"own facility", 0x20)])
        equal(len(got), 4)  # the masked one is not there
        equal(run.messages("syslog")[3].text, b"b" * 9000)
        equal(run.text("stderr"), b"after\n")
        equal(run.text("stderr", mirror=True) + b"after\n", p.stderr)  # LOG_PERROR repeats, flagged


def test_messages_are_told_once_with_their_meaning():
    run, p = both_messages()
    with run:
        got = [(m.kind, m.text, m.errnum) for m in run.messages()]
        equal(got, [("warn", b"warn 1: No such file or directory", 2), ("warn", b"warnx 2", 0), ("perror", b"perror: Operation not permitted", 1),
                    ("perror", b"Operation not permitted", 1), ("err", b"err x: Input/output error", 5), ("err", b"errx", 0),
                    ("assert", b"Assertion `1 == 2' failed.", 0), ("abort", b"abort() called", 0)])
        failed = run.messages("assert")[0]
        true(failed.file.endswith(b"acts.c") and failed.function == b"act_messages" and failed.line > 0, "the place is known")
        equal(run.text("stderr"), b"plain\n")
        equal(sorted(run.text("stderr", mirror=True) + b"plain\n"), sorted(p.stderr))
        codes = sorted(struct.unpack("<i", r.data)[0] for r in run.records() if r.type == "EXIT")
        equal(codes[:3], [0, 4, 5])


def both_messages():
    run = Run()
    plain, p = alone([acts(), "messages"]), run.program([acts(), "messages"])
    equal((p.returncode, p.stdout, p.stderr), (plain.returncode, plain.stdout, plain.stderr))
    return run, p


def test_strict_seccomp_is_survived():
    for act in ("strict", "tsc"):
        run, p = both(act)
        with run:
            equal(p.returncode, 0)
            equal(run.text("stderr"), p.stderr)
            true(all(r.flags & COARSE for r in run.records() if r.data.startswith((b"strict", b"without"))), "times are coarse from then on")


def test_a_program_that_inherits_a_filter_is_left_alone():
    run, p = both("filter")
    with run:
        equal(p.returncode, 0)
        equal(run.text("stderr"), b"filtered\n")


def test_a_clone_without_thread_locals_is_survived():
    run, p = both("no_tls")
    with run:
        equal(p.returncode, 0)
        equal(run.text("stderr"), b"alive\n")


def test_sockets_on_the_standard_numbers_are_not_output():
    run, p = both("closed")
    with run:
        equal(p.returncode, 0)
        equal([r for r in run.records() if r.type == "DATA"], [])


def test_a_full_lane_drops_the_newest_and_counts():
    with Run(usable_lanes=2) as run:
        p = run.program([acts(), "flood"])
        equal(p.returncode, 0)
        equal(len(p.stderr), 4000000)
        kept = run.text("stderr")
        true(0 < len(kept) < 4000000 and kept == p.stderr[:len(kept)], "what was kept is the beginning")
        with open("%s/live/%d" % (run.dir, run.segments()[0]), "rb") as f:
            f.seek(192)  # struct rt_segment, lost
            counters = struct.unpack("<12Q", f.read(96))
        equal(counters[6:9], ((4000000 - len(kept)) // 100, 4000000 - len(kept), (4000000 - len(kept)) // 100))


def test_what_a_killed_program_wrote_is_there():
    run, p = both("killed")
    with run:
        equal(p.returncode, -signal.SIGKILL)
        equal(run.text("stderr"), p.stderr)
        equal(p.stderr.count(b"\n"), 5000)


def test_names_record_where_there_is_no_slot():
    with open(shim(), "rb") as f:
        if b"RETAP_TEST_NO_SLOT" not in f.read():
            raise Skip("only in builds with test points")
    with Run() as run:
        p = run.program([acts(), "forms"], env={"RETAP_TEST_NO_SLOT": "1"})
        equal(p.returncode, 0)
        for line in (b"printf 1\n", b"puts\n", b"fwrite\n", b"write\n", b"unfinished"):
            equal(run.text("stdout").count(line), p.stdout.count(line))
        for line in (b"fprintf stderr\n", b"fputs\n"):
            equal(run.text("stderr").count(line), 1)


def test_nothing_happens_without_a_run_directory():
    act = acts()
    for env in ({}, {"RETAP_RUN": "/nonexistent"}, {"RETAP_RUN": "relative"}, {"RETAP_RUN": "/" + "x" * 300}):
        p = alone([act, "forms"], env=dict(os.environ, LD_PRELOAD=shim(), **env))
        plain = alone([act, "forms"])
        equal((p.returncode, p.stdout, p.stderr), (plain.returncode, plain.stdout, plain.stderr))
    with Run() as run:
        p = run.program([act, "forms"], env={"RETAP": "0"})
        equal((p.returncode, run.segments()), (0, []))


def test_an_empty_pool_is_counted_and_harmless():
    with Run(segments=0) as run:
        p = run.program(["sh", "-c", "echo x"])
        equal((p.returncode, p.stdout), (0, b"x\n"))
        with open(run.dir + "/run", "rb") as f:
            equal(struct.unpack_from("<III", f.read(), RUN_PAGE)[2], 1)


def test_damaged_segments_are_refused():
    for damage in (lambda f: f.write(b"\0" * 8), lambda f: f.truncate(4096), lambda f: (f.seek(8), f.write(b"\7")), lambda f: (f.seek(64), f.write(b"\1"))):
        with Run(segments=1) as run:
            with open(run.dir + "/pool/1", "r+b") as f:
                damage(f)
            p = run.program(["sh", "-c", "echo x; echo y >&2"])
            equal((p.returncode, p.stdout, p.stderr), (0, b"x\n", b"y\n"))
            with open(run.dir + "/run", "rb") as f:
                equal(struct.unpack_from("<III", f.read(), RUN_PAGE)[2], 1)


def test_panic_makes_every_hook_a_plain_call():
    with Run() as run:
        p = run.program(["python3", "-c", "import os,sys\nos.write(2,b'one\\n')\nf=open(sys.argv[1],'r+b')\nf.seek(16)\nf.write(b'\\1')\nf.close()\n"
                         "os.write(2,b'two\\n')", run.dir + "/run"])
        equal(p.stderr, b"one\ntwo\n")
        equal(run.text("stderr"), b"one\n")


def test_descriptors_are_followed_over_many_execs():
    inner = "exec 5>&1 1>&2 2>&5 5>&-; exec sh -c 'echo to-err; echo to-out >&2; exec perl -e \"print STDERR qq(perl-out\\n); print qq(perl-err\\n)\"'"
    with Run() as run:
        p = run.program(["sh", "-c", inner])
        equal(p.stderr, b"to-err\nperl-err\n")
        equal(sorted(run.text("stderr").splitlines()), sorted(p.stderr.splitlines()))
        equal(sorted(run.text("stdout").splitlines()), sorted(p.stdout.splitlines()))


def test_subprocesses_of_python_do_not_move_its_own_descriptors():
    script = ("import subprocess,sys\nfor i in range(3):\n  print(subprocess.run(['echo','x'],capture_output=True,close_fds=True).stdout, file=sys.stderr, flush=True)\n"
              "print('mine', flush=True)\nsubprocess.run(['echo','child'])\nsubprocess.run(['sh','-c','echo swapped'],stdout=sys.stderr)")
    with Run() as run:
        p = run.program([sys.executable, "-c", script])
        equal(p.returncode, 0)
        equal(run.text("stdout"), b"mine\nchild\n")
        equal(run.text("stderr"), p.stderr)


def test_a_program_without_libc_is_registered():
    if not shutil.which("go"):
        raise Skip("go is not installed")
    with tempfile.TemporaryDirectory() as t, Run() as run:
        with open(t + "/main.go", "w") as f:
            f.write('package main\nimport "os"\nfunc main() { os.Stdout.WriteString("go\\n"); os.Exit(3) }\n')
        build = subprocess.run(["go", "build", "-buildmode=pie", "-ldflags=-linkmode=internal", "-o", "prog", "main.go"], cwd=t, capture_output=True,
                               env=dict(os.environ, CGO_ENABLED="0", GO111MODULE="off"))
        if build.returncode:
            raise Skip("go does not build here: %r" % build.stderr[:100])
        p = run.program([t + "/prog"])
        equal((p.returncode, p.stdout, p.stderr), (3, b"go\n", b""))
        equal([r.type for r in run.records()], ["PROCESS"])


def test_musl_programs_are_recorded_by_name():
    if not shutil.which("musl-gcc"):
        raise Skip("musl-gcc is not installed")
    source = r"""#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <sys/wait.h>
int main(int argc, char **argv)
{
    printf("printf %d\n", 1); puts("puts"); fputs("fputs\n", stderr); fprintf(stderr, "fprintf %s\n", argv[1]);
    fwrite("fwrite\n", 1, 7, stderr); syslog(LOG_ERR, "syslog"); fflush(stdout); write(1, "write\n", 6);
    if (fork() == 0) { write(2, "child\n", 6); exit(5); }
    wait(NULL);
    return 4;
}
"""
    with tempfile.TemporaryDirectory() as t, Run() as run:
        with open(t + "/m.c", "w") as f:
            f.write(source)
        subprocess.run(["musl-gcc", "-w", "-o", t + "/m", t + "/m.c"], check=True)
        p = run.program([t + "/m", "arg"])
        equal((p.returncode, p.stdout, p.stderr), (4, b"printf 1\nputs\nwrite\n", b"fputs\nfprintf arg\nfwrite\nchild\n"))
        equal(run.text("stdout"), p.stdout)
        equal(run.text("stderr"), p.stderr)
        equal([(m.kind, m.text) for m in run.messages()], [("syslog", b"syslog")])
        true(b"/m\0arg\0" in [r for r in run.records() if r.type == "PROCESS"][0].data, "the command line is found")


if __name__ == "__main__":
    main(globals())
