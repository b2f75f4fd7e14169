"""A stage on which a scenario plays three times: alone, with the shim, and in `retap run`; what can be seen must be the same. (In full size it plays
once more with nothing but LD_PRELOAD, where the first process starts a collector.)

    def play(stage):
        return stage.run(["sh", "-c", "echo hello"])
    with scene(play) as s:
        s.run.lines("stdout") == [b"hello\\n"]      # what the shim left in its segments
        [row["text"] for row in s.rows] ...         # the same in the recording of `retap run`

play() starts programs by stage.run() and stage.start() in stage.work, a directory whose name is the same each time, and returns all that it saw:
it is compared. Standard output and error are files with the same names, too. What is still running at the end of a play is killed.
"""
import collections
import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403

SOAK = bool(os.environ.get("RETAP_SOAK"))
Seen = collections.namedtuple("Seen", "code out err")
PATIENCE = 20  # seconds


def need(*commands):
    for c in commands:
        if not shutil.which(c):
            raise Skip("%s is not installed" % c)


def until(condition, what, patience=PATIENCE):
    """Polls; gives the first true value of condition()."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (patience, what))
        time.sleep(0.005)


def built(source, *flags, compiler="gcc", suffix=".c"):
    """A program of this text; built once."""
    name = hashlib.sha256(repr((source, flags, compiler)).encode()).hexdigest()[:16]
    binary = os.path.join(build_dir(), "tests/preload/made", name)
    if not os.path.exists(binary):
        need(compiler)
        os.makedirs(os.path.dirname(binary), exist_ok=True)
        with tempfile.TemporaryDirectory() as t:
            with open(t + "/prog" + suffix, "w") as f:
                f.write(source)
            p = subprocess.run([compiler, "-w", "-g", "-D_GNU_SOURCE", "-o", t + "/prog", t + "/prog" + suffix, *flags], capture_output=True)
            if p.returncode:
                raise AssertionError("%s: %s" % (compiler, p.stderr.decode()[-1000:]))
            shutil.move(t + "/prog", binary)
    return binary


class Program:
    def __init__(self, popen, out, err, launched):
        self.popen, self.pid, self.out_path, self.err_path, self.launched = popen, popen.pid, out, err, launched

    def out(self):
        return slurp(self.out_path)

    def err(self):
        return slurp(self.err_path)

    def until(self, pattern, where="err"):
        """Waits until the pattern is in what it wrote; gives the match."""
        path = {"out": self.out_path, "err": self.err_path}.get(where, where)

        def look():
            return re.search(pattern, slurp(path)) or (self.popen.poll() is not None and re.search(pattern, slurp(path)))
        return until(lambda: look() or (self.popen.poll() is not None and fail_early(self, pattern)), repr(pattern))

    def signal(self, number):
        """`retap run` passes on what a person would send it; the rest goes to the program itself."""
        pid = self.pid
        if self.launched and number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGSTOP):
            children = [int(c) for c in slurp("/proc/%d/task/%d/children" % (pid, pid)).split()]
            pid = [c for c in children if slurp("/proc/%d/cmdline" % c).split(b"\0")[1:2] != [b"collect"]][0]
        os.kill(pid, number)

    def end(self, number=None, timeout=PATIENCE):
        """Sends the signal, if any, and waits. Gives what it left."""
        if number:
            self.signal(number)
        code = self.popen.wait(timeout)
        err = self.err()
        if self.launched:  # that a daemon goes on is all that it says
            err = re.sub(rb"^retap run: .* still runs? and (is|are) recorded into .*\n", b"", err, flags=re.M)
        return Seen(code, self.out(), err)


def fail_early(program, pattern):
    raise AssertionError("ended (%s) before %r: %r %r" % (program.popen.returncode, pattern, program.out()[-300:], program.err()[-600:]))


def slurp(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


class Stage:
    def __init__(self, work, kind, run=None, user=None):
        self.work, self.kind, self.shim_run = work, kind, run
        self.user = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
        self.programs, self.recordings, self.seconds = [], [], 0.0
        self.mark = "STAGE_OF=%d" % os.getpid()

    def __enter__(self):
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work + "/io")
        self.give(self.work, self.work + "/io")
        if self.shim_run and self.user:
            self.give(*[os.path.join(d, n) for d, dirs, files in os.walk(self.shim_run.dir) for n in ["", *dirs, *files]])
        return self

    def __exit__(self, *_):
        for p in self.programs:
            if p.popen.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(p.pid, signal.SIGKILL)
                p.popen.wait()
        for pid in self.left():
            if slurp("/proc/%d/cmdline" % pid).split(b"\0")[1:2] != [b"collect"]:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        until(lambda: not self.left(), "the end of the collectors")

    def left(self):
        """What was started here and still runs: daemons, collectors."""
        pids = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if self.mark.encode() in slurp("/proc/%s/environ" % pid).split(b"\0"):
                    pids.append(int(pid))
        return pids

    def give(self, *paths):
        """Makes them the user's that programs run as."""
        for p in paths:
            if self.user:
                os.chown(p, self.user.pw_uid, self.user.pw_gid)

    def path(self, name):
        return os.path.join(self.work, name)

    def file(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)
        os.chmod(path, mode)
        self.give(path)
        return path

    def environment(self, extra):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("RETAP", "LD_PRELOAD", "STAGE_OF"))}
        env.update({"LC_ALL": "C.UTF-8", "STAGE_OF": str(os.getpid()), "HOME": self.work, "TMPDIR": self.work}, **(extra or {}))
        return env

    def tapped(self, argv, environment, streams, last=False):
        """The command and environment by which the program is watched here. @last: our shim comes behind other preloads."""
        if self.kind == "shim":
            preload = [shim(), environment.get("LD_PRELOAD")]
            preload = ":".join(filter(None, reversed(preload) if last else preload))
            environment = dict(environment, LD_PRELOAD=preload, RETAP_RUN=self.shim_run.dir, RETAP_FDS=note_of(streams))
        if self.kind == "plain":
            preload = ":".join(filter(None, [shim(), environment.get("LD_PRELOAD")]))
            environment = dict(environment, LD_PRELOAD=preload, RETAP_OUTPUT=self.path("io/plain.%d.rrd" % len(self.programs)))
        if self.kind == "retap":
            recording = self.path("io/recording.%d.rrd" % len(self.recordings))
            self.recordings.append(recording)
            argv = [build_dir() + "/retap", "run", "-q", "--full-wait", "5s", "-o", recording, "--", *argv]  # busy machines drop nothing either
        return argv, environment

    def start(self, argv, env=None, stdin=subprocess.DEVNULL, cwd=None, stdout=None, stderr=None, last=False, **more):
        """@stdout and @stderr: a file name in the stage's io/ or an open file."""
        n = len(self.programs)
        paths, files = [], []
        for given, name in ((stdout, "out"), (stderr, "err")):
            if given is None or isinstance(given, str):
                path = self.path("io/%s" % (given or "%s.%d" % (name, n)))
                given = open(path, "wb")
                self.give(path)
                files.append(given)
            else:
                path = ""
            paths.append((path, given))
        argv, environment = self.tapped(argv, self.environment(env), [f for _, f in paths], last)
        if self.user:
            more = dict(more, user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        popen = subprocess.Popen(argv, stdin=stdin, stdout=paths[0][1], stderr=paths[1][1], env=environment, cwd=cwd or self.work,
                                 start_new_session=True, **more)
        for f in files:
            f.close()
        program = Program(popen, paths[0][0], paths[1][0], self.kind == "retap")
        self.programs.append(program)
        return program

    def run(self, argv, timeout=60, **more):
        start = time.monotonic()
        seen = self.start(argv, **more).end(timeout=timeout)
        self.seconds += time.monotonic() - start
        return seen

    def terminal(self, argv, talk=(), env=None, size=(24, 80), timeout=30, cwd=None):
        """Runs it on a terminal of its own. @talk: pairs of what to wait for (a pattern, in what came since the last) and what to do then: bytes
        to type, or a function that gets the terminal. Gives what the terminal showed as out."""
        master, slave = os.openpty()
        termios.tcsetwinsize(slave, size)
        argv, environment = self.tapped(argv, dict(self.environment(env), TERM="xterm"), [slave, slave])

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        p = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=cwd or self.work, preexec_fn=own_terminal)
        self.programs.append(Program(p, "", "", self.kind == "retap"))
        os.close(slave)
        shown, at, steps, end = b"", 0, list(talk), time.monotonic() + timeout
        try:
            while True:
                while steps and (m := re.search(steps[0][0], shown[at:])):
                    at += m.end()
                    what = steps.pop(0)[1]
                    what(master) if callable(what) else os.write(master, what)
                if not select.select([master], [], [], 0.5)[0] and p.poll() is None:
                    true(time.monotonic() < end, "%r: waits for %r; showed %r" % (argv, steps[:1], shown[-500:]))
                    continue
                try:
                    more = os.read(master, 65536)
                except OSError:  # nobody holds the other end
                    more = b""
                shown += more
                if not more:
                    break
        finally:
            os.close(master)
            if p.poll() is None and time.monotonic() >= end:
                p.kill()
        return Seen(p.wait(timeout), shown, b"")

    def rows(self):
        """All rows of logs in what `retap run` recorded."""
        rows = []
        for r in self.recordings:
            p = subprocess.run([build_dir() + "/retap", "show", "--json", r], capture_output=True)
            if p.returncode:
                raise AssertionError("retap show: %r" % p.stderr)
            rows += [json.loads(line) for line in p.stdout.splitlines()]
        return rows


class Scene:
    def __init__(self):
        self.run = self.seen = None
        self.rows, self.seconds = [], {}

    def texts(self, source=None):
        return [r["text"] for r in self.rows if source is None or r["path"].endswith("/" + source)]


@contextlib.contextmanager
def scene(play, retap=True, user=None, segments=60, scrub=None):
    """Plays it alone, with the shim and, if @retap, in `retap run`. @scrub maps what was seen to what must be equal."""
    # the same path for every run: some programs print where they are
    work = os.path.join(tempfile.gettempdir(), "retap-stage-%d" % os.getpid())
    scrub = scrub or (lambda seen: seen)
    s = Scene()
    if user and os.geteuid() == 0:
        if not os.stat(tempfile.gettempdir()).st_mode & stat.S_ISVTX:  # the test's own, not everybody's
            os.chmod(tempfile.gettempdir(), 0o755)
        if subprocess.run(["test", "-r", shim()], user=user).returncode:
            raise Skip("%s may not read %s" % (user, build_dir()))
    with Run(segments=segments) as s.run:
        try:
            for kind in ["alone", "shim"] + (["retap"] + ["plain"] * SOAK) * (retap and os.path.exists(build_dir() + "/retap")):
                with Stage(work, kind, s.run if kind == "shim" else None, user) as stage:
                    seen = play(stage)
                    if kind == "alone":
                        alone = scrub(seen)
                    else:
                        same(kind, scrub(seen), alone)
                    if kind == "shim":
                        s.seen = seen
                    s.seconds[kind] = stage.seconds
                s.rows += stage.rows()
            if os.environ.get("V"):
                print("   ", s.seconds, file=sys.stderr)
            yield s
        finally:
            shutil.rmtree(work, ignore_errors=True)


def same(kind, got, alone):
    """As equal(), but tells where they part."""
    if got == alone:
        return
    a, b = repr(got), repr(alone)
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    raise AssertionError("not the same in %s, from character %d on:\n  %s: …%s\n  alone: …%s" %
                         (kind, at, kind, a[max(at - 200, 0):at + 400], b[max(at - 200, 0):at + 400]))


def sorted_lines(seen):
    """For what several processes write at the same time."""
    return Seen(seen.code, sorted(seen.out.splitlines(True)), sorted(seen.err.splitlines(True)))


def once(haystack, *needles):
    """Each is in there exactly once."""
    for n in needles:
        if haystack.count(n) != 1:
            raise AssertionError("%r is there %d times in %r" % (n, haystack.count(n), haystack[:1500]))


def whole_output(s, seen=None, scrub=lambda line: line):
    """What was recorded of both streams is what the program wrote, line by line."""
    seen = seen or s.seen
    for stream, text in (("stdout", seen.out), ("stderr", seen.err)):
        equal(sorted(map(scrub, s.run.lines(stream))), sorted(map(scrub, text.splitlines(True))))


def around(stage, argv, static=False, **more):
    """Starts `around` by the command @argv, in which AROUND is its path; gives what it said, the stage's own names aside."""
    probe = compile_program("around", *["-static"] * static)
    told = stage.path("io/told.%d" % len(stage.programs))
    seen = stage.run([a.replace("AROUND", probe).replace("TOLD", told) for a in argv], **more)
    return seen, re.sub(rb"(retap\.\d+/|STAGE_OF=\d+)", b"", slurp(told))


def exports(name):
    """Does the shim have this hook?"""
    return name in slurp(shim())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
