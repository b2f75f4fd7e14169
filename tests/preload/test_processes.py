#!/usr/bin/env python3
"""Processes: what comes after an exec stays in the recording whatever its environment was, unless somebody says otherwise, and no program notices."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403

OURS = (b"LD_PRELOAD=", b"RETAP_RUN=", b"RETAP_FDS=", b"RETAP_STDOUT=")


def procs():
    return compile_program("procs")


def both(act):
    """Runs @act with and without the shim: nobody could tell. Gives the run and its result."""
    run = Run()
    try:
        plain = run.program([procs(), act], env={"LD_PRELOAD": ""})
        tapped = run.program([procs(), act])
        equal((tapped.returncode, tapped.stdout, tapped.stderr), (plain.returncode, plain.stdout, plain.stderr))
        equal(tapped.returncode, 0)
        return run, tapped
    except BaseException:
        run.__exit__()
        raise


def environment_of(run, *argv, **more):
    p = run.program([*argv, "/usr/bin/env"], **more)
    equal((p.returncode, p.stderr), (0, b""))
    return dict(line.split(b"=", 1) for line in p.stdout.splitlines())


# ---------------------------------------------------------------- environments
def test_every_way_to_exec_with_a_new_environment_is_followed():
    run, p = both("environments")
    with run:
        equal(len(p.stderr.splitlines()), 14)
        equal(run.text("stderr"), p.stderr)
        equal(run.text("stdout"), p.stdout)
        told = [r.data for r in run.records() if r.type == "EXEC" and r.data]
        equal(told.count(b"/bin/sh") + told.count(b"sh"), 14)


def test_programs_that_empty_the_environment_stay_in_the_recording():
    inner = "echo %s >&2"
    ways = {"env": ["env", "-i", "sh", "-c", inner % "env"],
            "env-u": ["env", "-u", "LD_PRELOAD", "sh", "-c", inner % "env-u"],
            "perl": ["perl", "-e", "%%ENV = (); exec '/bin/sh', '-c', '%s'" % (inner % "perl")],
            "python": [sys.executable, "-c", "import subprocess; subprocess.run(['/bin/sh', '-c', '%s'], env={})" % (inner % "python")],
            "bash": ["bash", "-c", "unset LD_PRELOAD; exec -c /bin/sh -c '%s'" % (inner % "bash")],
            "deep": ["env", "-i", "/bin/sh", "-c", "exec env -i /bin/sh -c 'env -i /bin/sh -c \"echo deep >&2\"'"]}
    for name, argv in ways.items():
        with Run() as run:
            p = run.program(argv)
            equal((name, p.returncode, p.stderr), (name, 0, name.encode() + b"\n"))
            equal((name, run.text("stderr")), (name, p.stderr))


def test_only_what_is_missing_is_added():
    with Run() as run:
        equal(sorted(environment_of(run, "env", "-i")), [b"LD_PRELOAD", b"RETAP_FDS", b"RETAP_RUN"])
        got = environment_of(run, "env", "-i", "RETAP_STDOUT=never", "A=1", "B=")
        equal((got[b"A"], got[b"B"], got[b"RETAP_STDOUT"]), (b"1", b"", b"never"))
        got = environment_of(run, "env", "-i", env={"RETAP_STDOUT": "always"})
        equal(got[b"RETAP_STDOUT"], b"always")


def test_other_libraries_stay_in_front():
    libraries = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, env={}).stdout.split()
    other = [w for w in libraries if w.startswith("/") and "libm.so" in w]
    if not other:
        raise Skip("python3 has no libm")
    with Run() as run:
        for given, expected in ((other[0], other[0] + ":" + shim()), ("", shim()), (other[0] + " " + shim(), other[0] + " " + shim())):
            equal(environment_of(run, "env", "-i", "LD_PRELOAD=" + given)[b"LD_PRELOAD"], expected.encode())


def test_who_says_no_is_not_followed():
    with Run() as run:
        equal(environment_of(run, "env", "-i", "RETAP=0"), {b"RETAP": b"0"})
        equal(environment_of(run, "env", "-i", "RETAP_RUN=/elsewhere"), {b"RETAP_RUN": b"/elsewhere"})
        p = run.program(["env", "RETAP=0", "sh", "-c", "echo quiet >&2; env -i sh -c 'echo quiet >&2'"])
        equal((p.stderr, run.text("stderr")), (b"quiet\nquiet\n", b""))


def test_a_failing_exec_is_taken_back():
    run, p = both("failing")
    with run:
        equal(p.stderr, b"before\nafter\n")
        equal(run.text("stderr"), p.stderr)
        told = [r.data for r in run.records() if r.type == "EXEC"]
        equal(told[:4], [b"/nonexistent/a", b"", b"/nonexistent/b", b""])
        equal(told[-1], b"")


# ---------------------------------------------------------------- children
def check_lines(run, p, names):
    """Each line once, by whom it says: NAME PID NUMBER, and in that order. The records of a thread are numbered without a gap."""
    equal(sorted(r.data for r in run.records() if r.type == "DATA"), sorted(p.stderr.splitlines(True)))
    said, seqs = {}, {}
    for r in run.records():
        seqs.setdefault((r.pid, r.tid), []).append(r.seq)
        if r.type == "DATA" and len(r.data.split()) == 3:
            name, pid, n = r.data.split()
            equal((name, r.pid), (name, int(pid)))
            said.setdefault(name, []).append((r.seq, int(n)))
    equal(sorted(said), sorted(names))
    for name in names:
        equal([n for _, n in sorted(said[name])], list(range(1000)))
    for numbers in seqs.values():
        equal(sorted(numbers), list(range(min(numbers), min(numbers) + len(numbers))))


def test_children_in_every_way_speak_with_their_parent():
    names = [b"parent", b"fork", b"_Fork", b"SYS_fork", b"SYS_clone", b"clone", b"files", b"daemon", b"double"]
    with Run() as run:
        p = run.program([procs(), "ways"])
        equal(p.returncode, 0)
        check_lines(run, p, names)


def test_children_on_their_parents_memory_are_themselves():
    """Two at the same time as the parent, in the same thread-locals; their counters do not mix."""
    for _ in range(3):
        with Run() as run:
            p = run.program([procs(), "shared"])
            equal(p.returncode, 0)
            check_lines(run, p, [b"parent", b"first", b"second"])


def test_a_fork_while_other_threads_log():
    with Run() as run:
        p = run.program([procs(), "fork_among_threads"])
        equal(p.returncode, 0)
        records = [r for r in run.records() if r.type == "DATA"]
        equal(sorted(r.data for r in records), sorted(p.stderr.splitlines(True)))
        children = [r for r in records if r.data.startswith(b"child")]
        equal(len(children), 600)
        for r in children:
            equal(r.pid, int(r.data.split()[1]))
        equal(len({r.pid for r in records if r.data.startswith(b"thread")}), 1)


def test_a_storm_of_children():
    with Run() as run:
        p = run.program([procs(), "storm"])
        equal((p.returncode, p.stderr.count(b"leaf\n"), p.stderr.count(b"branch\n")), (0, 300, 30))
        records = [r for r in run.records() if r.type == "DATA"]
        equal(len({r.pid for r in records}), 330)
        equal(sorted(r.data for r in records), [b"branch\n"] * 30 + [b"leaf\n"] * 300)


# ---------------------------------------------------------------- rights
def flagged(run):
    return {r.data: bool(r.flags & CRED) for r in run.records() if r.type == "DATA"}


def test_records_tell_that_rights_or_root_changed():
    if os.geteuid():
        raise Skip("needs root")
    run, p = both("rights")
    with run:
        equal(flagged(run), {b"as it began\n": False, b"nothing changed\n": False, b"a vfork child changed\n": False, b"another user\n": True,
                             b"its child\n": True})
    run, p = both("root")
    with run:
        equal(flagged(run), {b"as it began\n": False, b"own names\n": True, b"entered\n": True, b"as before\n": False, b"another root\n": True})


# ---------------------------------------------------------------- where the shim can't go
def small_root(where):
    """A root with a shell and env in it, and nothing of ours."""
    for program in ("/bin/sh", "/usr/bin/env"):
        files = [program] + [w for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True, env={}).stdout.splitlines()
                             for w in line.split() if w.startswith("/")]
        for f in files:
            os.makedirs(where + os.path.dirname(f), exist_ok=True)
            shutil.copy(f, where + f)


def test_after_a_chroot_the_loader_does_not_complain():
    if os.geteuid():
        raise Skip("chroot needs root")
    with tempfile.TemporaryDirectory() as root, Run() as run:
        small_root(root)
        p = run.program(["chroot", root, "/bin/sh", "-c", "echo inside >&2"])
        equal((p.returncode, p.stderr), (0, b"inside\n"))
        p = run.program(["env", "LD_PRELOAD=%s:/nothing.so" % shim(), "chroot", root, "/usr/bin/env"])
        true(b"LD_PRELOAD=/nothing.so\n" in p.stdout and b"libretap" not in p.stdout, p.stdout)
        os.makedirs(root + os.path.dirname(shim()))
        shutil.copy(shim(), root + shim())
        p = run.program(["chroot", root, "/usr/bin/env"])
        true(b"LD_PRELOAD=" + shim().encode() in p.stdout, "a shim that is there is loaded")
        equal((p.returncode, p.stderr), (0, b""))


def test_setuid_programs_run_silently_without_us():
    """The loader ignores us in them, and takes our variable out of their environment."""
    su = shutil.which("su")
    if not su or not os.stat(su).st_mode & 0o4000 or os.geteuid():
        raise Skip("no setuid su, or not root")
    with Run() as run:
        os.chmod(run.dir, 0o755)
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        plain = run.program([*argv, su, "-c", "true", "root"], env={"LD_PRELOAD": ""})
        tapped = run.program([*argv, su, "-c", "true", "root"])
        equal((tapped.returncode, tapped.stdout, tapped.stderr), (plain.returncode, plain.stdout, plain.stderr))
        true(plain.returncode != 0, "without a password su refuses")
        equal([r.data for r in run.records() if r.type == "EXEC" and r.data][-1:], [su.encode()])


if __name__ == "__main__":
    main(globals())
