"""LD_PRELOAD alone, without retap run: the first process starts the collector, one for all that it starts; it sees nothing of that; and where it can't
be, the program runs as ever."""
import glob
import os
import signal
import subprocess
import sys
import time

from run import librun as lib

SHIM = os.path.abspath(os.path.join(lib.BUILD, "libretap-preload.so"))
PLAIN = os.path.join(lib.BUILD, "tests/run/hosts/plain")
count = 0
directories = set()


def environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("RETAP") or k == "RETAP_TEST_MARK"}
    env.update(LD_PRELOAD=SHIM, RETAP_START_WAIT="20s", RETAP_OUTPUT="x.rrd")
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def collectors():
    """Pids of those that write into this directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                if "\0collect\0" in f.read() and os.readlink(f"/proc/{pid}/cwd") == os.getcwd():
                    found.append(int(pid))
                    directories.add(lib.run_directory(pid))
        except OSError:
            pass
    return found


def settle(patience=20):
    until = time.time() + patience
    while collectors():
        if time.time() > until:
            lib.fail("the collector does not end")
        time.sleep(0.01)


def run(argv, wait=True, **more):
    env = environment(**more.pop("env", {}))
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **more)
    if wait:
        settle()
    return done


def texts(path, entity):
    return [r["text"] for r in lib.rows(path, entity)]


def equal(got, expected, what=""):
    if got != expected:
        lib.fail(f"{what}: got {got!r}, expected {expected!r}")


def recordings():
    return sorted(glob.glob("*.rrd"))


# ---------------------------------------------------------------- cases
def case_a_tree_has_one_recording():
    """Shells, an emptied environment, system() and popen() inside libc, a program that makes its own environment."""
    script = "echo one >&2; env -i /bin/sh -c 'echo two >&2'; %s -c 'import os; os.system(\"echo three >&2\"); os.popen(\"echo four >&2\").read()'" % sys.executable
    done = run(["sh", "-c", script])
    equal((done.returncode, done.stdout, done.stderr), (0, b"", b"one\ntwo\nthree\nfour\n"))
    equal(recordings(), ["x.rrd"])
    equal(texts("x.rrd", "/logs/sh/stderr"), ["one", "two", "three", "four"])
    stats = lib.stats("x.rrd")
    equal((stats["footer"], stats["ledger"]["adds_up"], stats["ledger"]["dropped"]), (True, True, 0))


def case_the_program_sees_nothing_of_it():
    plain = run([PLAIN, "echo said >&2; exit 3"], env=dict(LD_PRELOAD=None, OLD="1", KEPT="2"))
    done = run([PLAIN, "echo said >&2; exit 3"], env=dict(OLD="1", KEPT="2"))
    equal((done.returncode, done.stdout, done.stderr), (3, plain.stdout, plain.stderr))
    equal(plain.stdout.splitlines()[0], b"children: 0")
    equal(recordings(), ["x.rrd"])
    equal(texts("x.rrd", "/logs/sh/stderr"), ["said"] * 3)
    equal(texts("x.rrd", "/logs/plain/process")[-1], "exited with status 3")


def case_output_is_never_replaced():
    for _ in range(2):
        run(["sh", "-c", "echo a >&2"])
    first, second = recordings()
    if second != "x.rrd" or not first.startswith("x-"):
        lib.fail(f"made {recordings()}")
    os.mkdir("d")
    for _ in range(2):
        run(["sh", "-c", "echo a >&2"], env=dict(RETAP_OUTPUT="d"))
        run(["sh", "-c", "echo a >&2"], env=dict(RETAP_OUTPUT=None))
    for names in (glob.glob("d/sh-*.rrd"), glob.glob("sh-*.rrd")):
        equal(len(names), 2, "two trees, two recordings")
        for name in names:
            equal(texts(name, "/logs/sh/stderr"), ["a"])


def case_trees_beside_each_other():
    running = [subprocess.Popen(["sh", "-c", f"for i in 1 2 3; do echo {n} >&2; done"], env=environment(), stderr=subprocess.DEVNULL) for n in range(4)]
    for p in running:
        equal(p.wait(), 0)
    settle()
    equal(sorted(texts(f, "/logs/sh/stderr") for f in recordings()), [[str(n)] * 3 for n in range(4)])


def case_it_goes_on_until_the_last_process_ends():
    done = run(["sh", "-c", "(sleep 0.6; echo late >&2) & echo early >&2"], wait=False)
    equal(done.returncode, 0)
    settle()
    equal(texts("x.rrd", "/logs/sh/stderr"), ["early", "late"])
    equal(lib.stats("x.rrd")["footer"], True)


def case_a_termination_for_all_is_outlived():
    """As a service manager ends a unit: what the program says about it is recorded. A second one ends the collector."""
    script = "trap 'sleep 0.3; echo ending >&2; exit 4' TERM; echo ready >&2; while :; do sleep 0.05; done"
    p = subprocess.Popen(["sh", "-c", script], env=environment(), stderr=subprocess.PIPE)
    equal(p.stderr.readline(), b"ready\n")
    for pid in collectors() + [p.pid]:
        os.kill(pid, signal.SIGTERM)
    equal(p.wait(), 4)
    settle()
    equal(texts("x.rrd", "/logs/sh/stderr"), ["ready", "ending"])
    p = subprocess.Popen(["sh", "-c", "echo ready >&2; exec sleep 30"], env=environment(RETAP_OUTPUT="y.rrd"), stderr=subprocess.PIPE)
    equal(p.stderr.readline(), b"ready\n")
    for _ in range(2):
        for pid in collectors():
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.3)
    settle(5)
    p.kill()
    p.wait()
    equal(texts("y.rrd", "/logs/sh/stderr"), ["ready"])


def case_a_program_that_does_not_wait_leaves_it_to_its_children():
    done = run(["sh", "-c", "echo first >&2; sleep 1; env echo second; echo third >&2; sh -c 'echo fourth >&2'"], env=dict(RETAP_START_WAIT="0"))
    equal((done.returncode, done.stderr), (0, b"first\nthird\nfourth\n"))
    equal(recordings(), ["x.rrd"])
    equal(texts("x.rrd", "/logs/sh/stderr")[-1:], ["fourth"])
    equal(texts("x.rrd", "/logs/echo/stdout"), ["second"])


def untouched(argv, env=None, **more):
    """The program runs, and nobody starts a collector."""
    done = run(argv, env=env or {}, **more)
    equal((done.returncode, done.stderr), (0, b"hello\n"), argv)
    equal(recordings(), [], argv)


def case_where_nothing_is_started():
    hello = ["sh", "-c", "echo hello >&2"]
    untouched(hello, dict(RETAP="0"))
    untouched(hello, dict(RETAP_RUN="/nonexistent"))
    untouched(hello, dict(RETAP_OUTPUT="/nonexistent/x.rrd"))
    untouched(hello, dict(RETAP_TICK="never"))
    os.mkdir("elsewhere")
    with open(SHIM, "rb") as f, open("elsewhere/libretap-preload.so", "wb") as g:
        g.write(f.read())
    untouched(hello, dict(LD_PRELOAD=os.path.abspath("elsewhere/libretap-preload.so")))
    equal(subprocess.run([os.path.join(lib.BUILD, "retap"), "--version"], env=environment(), capture_output=True).stderr, b"")
    equal(recordings(), [])
    subreaper = "import ctypes, os; ctypes.CDLL(None).prctl(36, 1); os.environ['LD_PRELOAD'] = '%s'; os.execvp('sh', ['sh', '-c', 'echo hello >&2'])" % SHIM
    untouched([sys.executable, "-c", subreaper], dict(LD_PRELOAD=None))
    # a filter that allows everything: that can't be seen from inside
    filtered = ("import ctypes, os, struct; c = ctypes.CDLL(None); allow = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000)); "
                "p = ctypes.create_string_buffer(struct.pack('HP', 1, ctypes.addressof(allow))); assert not c.prctl(38, 1, 0, 0, 0) and not c.prctl(22, 2, p, 0, 0); "
                "os.environ['LD_PRELOAD'] = '%s'; os.execvp('sh', ['sh', '-c', 'echo hello >&2'])" % SHIM)
    untouched([sys.executable, "-c", filtered], dict(LD_PRELOAD=None))
    if os.geteuid() == 0 and subprocess.run(["unshare", "-pf", "true"], capture_output=True).returncode == 0:
        untouched(["unshare", "-pf", "env", f"LD_PRELOAD={SHIM}", *hello], dict(LD_PRELOAD=None))


def case_descriptors_that_are_closed():
    done = run(["sh", "-c", "exec 0<&- 1>&- 2>&-; LD_PRELOAD=%s sh -c 'echo x; exec 2>out; echo said >&2; exit 5'" % SHIM], env=dict(LD_PRELOAD=None))
    equal(done.returncode, 5)
    equal(recordings(), ["x.rrd"])
    with open("out") as f:
        equal(f.read(), "said\n")


for name, case in sorted(globals().copy().items()):
    if not name.startswith("case_") or (len(sys.argv) > 1 and sys.argv[1] not in name):
        continue
    os.mkdir(name)
    os.chdir(name)
    case()
    os.chdir("..")
    count += 1
left = [d for d in directories if d and os.path.exists(d)]
if left or not any(directories):
    lib.fail(f"left in /dev/shm: {left} of {len(directories)}")
print(f"{count} passed, 0 failed, 0 skipped")
