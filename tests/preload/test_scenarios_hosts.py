#!/usr/bin/env python3
"""The second half of the forty scenarios (test_scenarios.py): terminals, debuggers, other preloads, limits, crowds, daemons."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libstage import *  # noqa: E402,F403


UNIT = """
import os, socket, subprocess, sys
a, b = socket.socketpair()
st = os.fstat(b.fileno())
env = dict(os.environ, JOURNAL_STREAM="%d:%d" % (st.st_dev, st.st_ino), INVOCATION_ID="0" * 32)
script = '''
import os, stat
for fd in 1, 2:
    st = os.fstat(fd)
    print(fd, os.environ["JOURNAL_STREAM"] == "%d:%d" % (st.st_dev, st.st_ino), stat.S_ISSOCK(st.st_mode), os.isatty(fd), flush=True)
'''
p = subprocess.Popen([sys.executable, "-c", script], stdout=b, stderr=b, env=env)
b.close()
p.wait()
os.write(1, a.recv(10000))
"""


def test_21_systemd():
    need("systemctl", "journalctl")
    if not os.path.isdir("/run/systemd/system"):
        print("    no running systemd: units are not tried, only its programs and what a unit's standard output looks like", file=sys.stderr)

    def play(stage):
        os.mkdir(stage.path("journal"))
        return [stage.run(a) for a in (["systemctl", "--no-pager", "is-system-running"], ["journalctl", "-D", stage.path("journal"), "--no-pager"],
                                       ["systemctl", "--nosuchoption"], ["systemd-escape", "a/b c"], ["systemd-analyze", "calendar", "nonsense"],
                                       ["systemd-cat", "true"], [sys.executable, "-c", UNIT])]
    with scene(play) as s:
        equal(s.seen[-1].out.split(b"\n")[:2], [b"1 True True False", b"2 True True False"])
        equal(s.run.lines("stderr"), sorted(b"".join(p.err for p in s.seen).splitlines(True)))
        once(b"".join(s.run.lines("stderr")), b"unrecognized option")


def test_22_dbus():
    need("dbus-daemon", "dbus-send", "dbus-run-session")

    def play(stage):
        config = stage.file("bus.conf", """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
            "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>session</type><syslog/><keep_umask/>
            <listen>unix:path=%s</listen><servicedir>%s</servicedir><policy context="default"><allow send_destination="*" eavesdrop="true"/>
            <allow eavesdrop="true"/><allow own="*"/></policy></busconfig>""" % (stage.path("bus"), stage.path("services")))
        stage.file("services/x.service", "[D-BUS Service]\nName=org.example.Broken\nExec=/bin/false\n")
        daemon = stage.start(["dbus-daemon", "--config-file", config, "--nofork", "--print-address=1", "--nopidfile"])
        daemon.until(b"unix:path", "out")
        call = ["dbus-send", "--bus=unix:path=" + stage.path("bus"), "--print-reply", "--type=method_call"]
        got = [stage.run([*call, "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", "string:org.example.Broken"]),
               stage.run([*call, "--dest=org.example.Broken", "/", "org.example.Broken.Do"])]
        seen = daemon.end(signal.SIGTERM)
        broken = stage.run(["dbus-daemon", "--config-file", "/nonexistent", "--nofork"])
        session = stage.run(["dbus-run-session", "--", "sh", "-c", "echo inside; dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus "
                             "/ org.freedesktop.DBus.GetId >/dev/null && echo id; echo err >&2; exit 3"])
        helper = "/usr/lib/dbus-1.0/dbus-daemon-launch-helper"
        return got, seen, broken, session, stage.run([helper, "org.example.None"]) if os.path.exists(helper) else None

    def scrub(seen):
        def clean(p):
            return p and (p.code, re.sub(rb"guid=\w+|time=\S+|serial=\d+|sender=\S+|destination=\S+", b"", p.out),
                          re.sub(rb"\[session [^]]*\]|dbus-daemon\[\d+\]|pid=\d+|:1\.\d+|\d{3,}", b"", p.err))
        return [clean(p) for p in seen[0]], [clean(p) for p in seen[1:]]
    with scene(play, scrub=scrub) as s:
        got, daemon, broken, session, helper = s.seen
        equal((got[1].code, broken.code, session.code), (1, 1, 3))
        said = [m.text for m in s.run.messages("syslog")] + [daemon.err]
        true(any(b"Activated service 'org.example.Broken' failed" in t for t in said), said)
        for line in (b"inside\n", b"id\n"):
            once(b"".join(s.run.lines("stdout")), line)
        if helper:  # setuid: not loaded into, and not a word about it
            true(b"ld.so" not in helper.err, helper)


def test_23_openssl():
    need("openssl")
    port = free_port()

    def secret(terminal):
        """The echo goes off after the prompt."""
        until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, "the end of the echo")
        os.write(terminal, b"secret\n")

    def play(stage):
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", stage.path("key"), "-out", stage.path("cert"), "-subj",
                               "/CN=test", "-days", "2"], capture_output=True)
        equal(made.returncode, 0)
        server = stage.start(["openssl", "s_server", "-accept", "127.0.0.1:%d" % port, "-cert", stage.path("cert"), "-key", stage.path("key"), "-naccept", "2"],
                             stdin=subprocess.PIPE)
        server.until(b"ACCEPT", "out")
        with socket.create_connection(("127.0.0.1", port)) as bad:
            bad.sendall(b"GET / HTTP/1.0\r\n\r\n")
            bad.recv(100)
        client = stage.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-brief"])
        asked = stage.terminal(["openssl", "req", "-new", "-newkey", "rsa:2048", "-keyout", stage.path("k2"), "-out", stage.path("csr")],
                               [(rb"Enter PEM pass phrase:", secret), (rb"Verifying.*phrase:", secret),
                                (rb"Country Name", b"DE\n"), (rb"State", b"\n"), (rb"Locality", b"\n"), (rb"Organization Name", b"Me\n"),
                                (rb"Organizational Unit", b"\n"), (rb"Common Name", b"me\n"), (rb"Email", b"\n"), (rb"challenge", b"\n"), (rb"optional", b"\n")])
        ended = server.end()
        server.popen.stdin.close()
        return ended, client, asked, stage.run(["openssl", "req", "-in", stage.path("csr"), "-noout", "-subject", "-verify"])

    def scrub(seen):
        server, client, asked, checked = seen
        return (server.code, sorted(re.sub(rb"[0-9A-F]{12,}", b"", line) for line in server.err.splitlines()), client.code,
                re.sub(rb"[.+*-]+", b"", asked.out), asked.code, checked)
    with scene(play, scrub=scrub) as s:
        server, client, asked, checked = s.seen
        equal((server.code, client.code, asked.code, checked.code), (0, 0, 0, 0))
        true(b"O = Me" in checked.out, checked)
        true(b"http request" in server.err, server.err)
        true(b"http request" in b"".join(s.run.lines("stderr")), "the bad client is told")
        true(not any("secret" in t for t in s.texts()), "nobody saw what was typed")


def test_24_sqlite():
    need("sqlite3")
    setup = "pragma journal_mode=delete; create table t(a unique); insert into t values(1),(2);"
    crash = r"""
import os, sqlite3, sys
c = sqlite3.connect("db", isolation_level=None)
c.execute("pragma cache_size=1"); c.execute("pragma synchronous=off")
c.execute("begin"); c.executemany("insert into t values(?)", ((i,) for i in range(10, 5000)))
assert os.path.exists("db-journal")
os.kill(os.getpid(), 9)
"""
    uses = r"""
import sqlite3, sys
c = sqlite3.connect("db")
print(c.execute("select count(*) from t").fetchone())
for sql in "select nosuch", "insert into t values(1)":
    try: c.execute(sql)
    except sqlite3.Error as e: print(type(e).__name__, e, file=sys.stderr)
"""

    def play(stage):
        return [stage.run(["sqlite3", "db", setup]), stage.run([sys.executable, "-c", crash]), stage.run([sys.executable, "-c", uses]),
                stage.run(["sqlite3", "-cmd", ".log stderr", "db", "select * from nosuch;", "insert into t values(1);", "select sum(a) from t;"]),
                stage.run(["sqlite3", "db"]), stage.run(["sqlite3", "/nonexistent/db", "select 1"])]
    with scene(play) as s:
        equal([p.code for p in s.seen], [0, -9, 0, 1, 0, 1])
        equal(s.seen[2].out, b"(2,)\n")
        equal(s.run.lines("stderr"), sorted(b"".join(p.err for p in s.seen).splitlines(True)))
        once(s.texts("stderr"), "OperationalError no such column: nosuch")


def test_25_full_screen():
    vim = shutil.which("vim") or shutil.which("vim.tiny")
    if not vim:
        raise Skip("no vim is installed")
    need("less", "top")

    def play(stage):
        stage.file("text", "".join("line %d of the text\n" % i for i in range(200)))
        edited = stage.terminal([vim, "-u", "NONE", "-N", "-i", "NONE", "--cmd", "set noswapfile", "text"],
                                [(rb"line 10", lambda terminal: termios.tcsetwinsize(terminal, (30, 120))),
                                 (rb"line 27", b"oadded\x1b:!stty size\r"), (rb"30 120[\s\S]*ENTER", b"\r:wq\r")])
        paged = stage.terminal(["less", "text"], [(rb"line 20", b"G"), (rb"line 199", b"q")], env={"LESS": "", "LESSHISTFILE": "-"})
        watched = stage.terminal(["top", "-d", "0.3"], [(rb"COMMAND", b"q")])
        return edited.code, b"added\n" in slurp(stage.path("text")), paged.code, paged.out.count(b"line 199"), watched.code
    with scene(play) as s:
        equal(s.seen, (0, True, 0, 1, 0))
        true(all("\x1b" not in t for t in s.texts()), [t for t in s.texts() if "\x1b" in t][:1])


def test_26_wrappers():
    need("script", "stdbuf", "expect", "unbuffer")
    talker = "echo out; echo err >&2; test -t 1 && echo terminal; exit 3"
    dialogue = 'set timeout 5; spawn sh -c {printf "name? "; read -r n; echo hello $n; echo warned >&2; exit 4}; expect "name? "; send "joe\\r"; ' \
               'expect "hello joe"; expect eof; exit [lindex [wait] 3]'
    mixed = built(r"""#include <stdio.h>
#include <unistd.h>
int main(void) { for (int i = 0; i < 3; i++) { printf("line %d\n", i); write(1, "direct\n", 7); } return 0; }""")

    def play(stage):
        return [stage.run(a) for a in (["script", "-qec", talker, stage.path("typescript")], ["unbuffer", "sh", "-c", talker], ["expect", "-c", dialogue],
                                       ["stdbuf", "-oL", mixed], ["stdbuf", "-o0", mixed], [mixed], ["stdbuf", "-oL", "-eL", "sh", "-c", talker],
                                       ["setsid", "-w", "nice", "timeout", "5", "nohup", "sh", "-c", talker])]
    with scene(play) as s:
        equal([p.code for p in s.seen], [3, 3, 4, 0, 0, 0, 3, 3])
        equal(s.seen[3].out, b"".join(b"line %d\ndirect\n" % i for i in range(3)))
        equal(s.seen[5].out, b"direct\n" * 3 + b"line 0\nline 1\nline 2\n")
        text = b"".join(s.run.lines("stdout"))
        equal(text.count(b"direct\n"), 9)
        equal(text.count(b"terminal"), 2)  # what the wrappers pass on is their own output


def preloads():
    base = "/usr/lib/x86_64-linux-gnu/"
    found = {"jemalloc": base + "libjemalloc.so.2", "faketime": base + "faketime/libfaketime.so.1", "fakeroot": base + "libfakeroot/libfakeroot-sysv.so",
             "eatmydata": base + "libeatmydata.so", "proxychains": base + "libproxychains.so.4", "socket_wrapper": base + "libsocket_wrapper.so",
             "stdbuf": "/usr/libexec/coreutils/libstdbuf.so", "snoopy": base + "libsnoopy.so", "mtrace": base + "libc_malloc_debug.so.0"}
    return {name: path for name, path in found.items() if os.path.exists(path)}


def test_27_other_preloads():
    found = preloads()
    if len(found) < 3:
        raise Skip("fewer than three other preloads are installed")
    commands = [["sh", "-c", "echo out; echo err >&2; ls /nonexistent; exec 2>&1; echo swapped >&2; exit 3"],
                ["python3", "-c", "import sys, threading, subprocess, os\nt = threading.Thread(target=lambda: print('thread', file=sys.stderr)); t.start(); t.join()\n"
                 "print(subprocess.run(['echo', 'x'], capture_output=True).stdout); os.write(2, b'last\\n')"],
                [compile_program("acts"), "forms"], [compile_program("acts"), "messages"]]

    def play(last):
        def all_of_them(stage):
            seen = {}
            os.makedirs(stage.path("sockets"), exist_ok=True)
            env = {"SOCKET_WRAPPER_DIR": stage.path("sockets"), "FAKETIME": "+1d", "_STDBUF_O": "L", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                   "PROXYCHAINS_QUIET_MODE": "1"}
            for name, path in found.items():
                for i, command in enumerate(commands):
                    seen[name, i] = stage.run(command, env=dict(env, LD_PRELOAD=path), last=last, pass_fds=(9,))
            return seen
        return all_of_them
    os.dup2(2, 9, inheritable=True)  # where acts complains
    before = set(os.listdir("/dev/shm"))
    for last in (False, True):
        with scene(play(last), retap=not last, segments=64) as s:
            for (name, i), seen in s.seen.items():
                equal((name, i, seen.code), (name, i, [3, 0, 0, 0][i]))
            lines = s.run.lines("stderr")
            # socket_wrapper in front takes write from libc itself: what goes by it is not seen then
            want = len(found) - (last and "socket_wrapper" in found)
            for line in (b"err\n", b"last\n", b"fprintf stderr\n", b"dprintf 2\n"):
                true(want <= lines.count(line) <= len(found), (last, line, lines.count(line)))
    for name in set(os.listdir("/dev/shm")) - before:  # faketime does not tidy up
        if re.match(r"(sem\.)?faketime_", name) and not os.path.exists("/proc/" + name.split("_")[-1]):
            os.unlink("/dev/shm/" + name)
    wrapped = [["fakeroot", "sh", "-c", "id -u; echo err >&2; touch f; chown 5:6 f; stat -c %u:%g f"], ["faketime", "2020-01-01 00:00:00", "date", "+%Y"],
               ["eatmydata", "sh", "-c", "echo x; sync; echo err >&2"], ["proxychains4", "-q", "sh", "-c", "echo x; echo err >&2"]]
    wrapped = [w for w in wrapped if shutil.which(w[0])]
    with scene(lambda stage: [stage.run(w) for w in wrapped]) as s:
        equal([p.code for p in s.seen], [0] * len(wrapped))
        equal(s.run.lines("stderr"), sorted(b"".join(p.err for p in s.seen).splitlines(True)))


def test_28_debuggers():
    need("strace", "gdb")
    chatty = built(r"""#include <stdio.h>
#include <unistd.h>
#include <stdlib.h>
#include <sys/wait.h>
int main(void)
{
    char *p = calloc(10, 1);
    write(2, "one\n", 4);
    if (fork() == 0) { fprintf(stderr, "child\n"); _exit(2); }
    wait(NULL);
    printf("out %d\n", p[0]); fflush(stdout);
    return 3;
}""")
    gdb = ["gdb", "-nx", "--batch", "-iex", "set debuginfod enabled off"]

    def play(stage):
        seen = {"plain": stage.run([chatty]),
                "strace": stage.run(["strace", "-f", "-q", "-e", "trace=write", "-e", "signal=none", "-o", stage.path("trace"), chatty]),
                "gdb": stage.run([*gdb, "-ex", "break main", "-ex", "run", "-ex", "break write", "-ex", "continue", "-ex", "backtrace", "-ex", "delete",
                                  "-ex", "continue", chatty])}
        calls = [re.sub(rb"^\d+ +| +=", b"", line) for line in slurp(stage.path("trace")).splitlines() if b"write(" in line]
        if shutil.which("valgrind"):
            seen["valgrind"] = stage.run(["valgrind", "-q", "--error-exitcode=9", "--leak-check=no", chatty])
        if shutil.which("ltrace"):
            seen["ltrace"] = stage.run(["ltrace", "-o", stage.path("ltrace"), "-e", "calloc+fork", chatty])
        if shutil.which("rr") and subprocess.run(["rr", "record", "-n", "-o", stage.path("rr0"), "true"], capture_output=True).returncode == 0:
            seen["rr"] = stage.run(["rr", "record", "-n", "-o", stage.path("rr"), chatty])
        return seen, calls, slurp(stage.path("ltrace")).count(b"calloc")

    def scrub(seen):
        runs, calls, traced = seen
        gdb = runs["gdb"]
        runs = dict(runs, gdb=(gdb.code, sorted(set(re.findall(rb"^child|^one|^out 0|in main|exited with code \d+|Breakpoint \d(?=[.,])",
                                                                gdb.out + gdb.err, re.M)))))
        return runs, calls, traced
    with scene(play, scrub=scrub) as s:
        runs, calls, _ = s.seen
        true(b"Breakpoint 2" in runs["gdb"].out and b"in main" in runs["gdb"].out, runs["gdb"])
        equal(calls, [b'write(2, "one\\n", 4) 4', b'write(2, "child\\n", 6) 6', b'write(1, "out 0\\n", 6) 6'])
        if "rr" not in runs:
            print("    rr: not installed, or no hardware counters", file=sys.stderr)
        equal(b"".join(s.run.lines("stderr")).count(b"child\n"), len(runs))
        equal(b"".join(s.run.lines("stdout")).count(b"out 0\n"), len(runs))


SANITIZED = r"""#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int shared; volatile int zero;
void *bump(void *p) { for (int i = 0; i < 10; i++) { shared++; usleep(5000); } return p; } /* both are there at the same time */
int main(int argc, char **argv)
{
    fprintf(stderr, "start\n"); printf("out\n"); fflush(stdout);
    if (!strcmp(argv[1], "address")) { char *p = malloc(8); free(p); return p[zero]; }
    if (!strcmp(argv[1], "undefined")) return 0x7fffffff + argc + zero ? 0 : 1;
    if (!strcmp(argv[1], "thread")) { pthread_t t; pthread_create(&t, 0, bump, 0); bump(0); pthread_join(t, 0); }
    return 0;
}"""


def test_29_sanitizers():
    kinds = {}
    for compiler in ("gcc", "clang"):
        for kind in ("address", "undefined", "thread"):
            with contextlib.suppress(AssertionError, Skip):
                kinds[compiler, kind] = built(SANITIZED, "-O1", "-fsanitize=" + kind, "-pthread", compiler=compiler)
    if not kinds:
        raise Skip("no sanitizer is installed")

    def play(stage):
        seen = {}
        for (compiler, kind), path in kinds.items():
            # thread: its fixed address ranges collide with strong address randomization
            command = ["setarch", "-R", path, kind] if kind == "thread" else [path, kind]
            seen[compiler, kind] = stage.run(command)
        return seen

    def scrub(seen):
        return {k: (p.code, p.out, re.findall(rb"^start|(?:ERROR|WARNING|SUMMARY): \w+Sanitizer: [\w-]+|runtime error: [a-z ]+", p.err, re.M))
                for k, p in seen.items()}
    with scene(play, scrub=scrub) as s:
        for (compiler, kind), p in s.seen.items():
            true(p.code == {"address": 1, "undefined": 0, "thread": 66}[kind] and (b"Sanitizer" in p.err or b"runtime error" in p.err), ((compiler, kind), p))
        equal(b"".join(s.run.lines("stderr")).count(b"start\n"), len(kinds))


def test_30_other_identities():
    if os.geteuid():
        raise Skip("not root")
    talk = "echo out; echo err >&2; exit 3"
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    commands = {"env -i": ["env", "-i", "/bin/sh", "-c", talk], "su": ["su", "-s", "/bin/sh", "nobody", "-c", talk],
                "su -": ["su", "-s", "/bin/sh", "-", "nobody", "-c", talk], "sudo": ["sudo", "-n", "-u", "nobody", "/bin/sh", "-c", talk],
                "runuser": ["runuser", "-u", "nobody", "--", "sh", "-c", talk], "setpriv": [*nobody, "--no-new-privs", "sh", "-c", talk],
                "unshare": ["unshare", "-m", "-n", "-p", "-u", "-f", "sh", "-c", "echo $$; " + talk],
                "unshare -Ur": [*nobody, "unshare", "-Ur", "sh", "-c", "id -u; " + talk],
                "chroot": ["chroot", "ROOT", "/bin/hello"], "chroot -c": ["sh", "-c", "chroot ROOT /bin/hello; exit $?"]}
    if shutil.which("busybox"):
        commands["chroot static"] = ["chroot", "ROOT", "/bin/busybox", "sh", "-c", talk]

    def play(stage):
        root = stage.path("root")
        hello = built('#include <stdio.h>\nint main(void) { puts("out"); fprintf(stderr, "err\\n"); return 3; }')
        for f in ("/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6", "/bin/busybox"):
            if os.path.exists(f):
                os.makedirs(os.path.dirname(root + f), exist_ok=True)
                shutil.copy(os.path.realpath(f), root + f)
        os.makedirs(root + "/bin", exist_ok=True)
        shutil.copy(hello, root + "/bin/hello")
        os.chmod(stage.work, 0o755)
        return {name: stage.run([a.replace("ROOT", root) for a in command]) for name, command in commands.items() if shutil.which(command[0])}
    with scene(play) as s:
        for name, p in s.seen.items():
            equal((name, p.code, p.err.splitlines()[-1:], b"ld.so" in p.err), (name, 3, [b"err"], False))
        text = b"".join(s.run.lines("stderr"))
        true(text.count(b"err\n") >= 2, text)  # env -i and unshare; who becomes another user cannot open the segments, and that is told
        equal(len([t for t in s.texts("process") if "did not load the shim: not covered" in t]), len(set(s.seen) - {"env -i", "unshare", "chroot static"}))


def test_31_setuid():
    if os.geteuid():
        raise Skip("not root: no program can be made setuid")
    program = built(r"""#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    fprintf(stderr, "uid %d of %d\n", geteuid(), getuid());
    printf("preload %s\n", getenv("LD_PRELOAD") ? "seen" : "gone"); fflush(stdout);
    return system("echo child >&2") ? 9 : 5;
}""")

    def play(stage):
        seen = {}
        for name in ("setuid", "capable", "plain"):
            path = stage.path(name)
            shutil.copy(program, path)
            os.chmod(path, 0o4755 if name == "setuid" else 0o755)
            if name == "capable":  # CAP_NET_RAW, effective, as ping has it
                os.setxattr(path, "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
            if name != "plain" or stage.kind == "alone":
                seen[name] = stage.run([path])
        seen["passwd"] = stage.run(["passwd", "-S"])
        return {k: p for k, p in seen.items() if k != "plain"}
    with scene(play, user="nobody") as s:
        equal(s.seen["setuid"], (5, b"preload gone\n", b"uid 0 of 65534\nchild\n"))
        equal(s.seen["capable"].code, 5)
        equal([r for r in s.run.records() if r.type == "DATA" and b"uid" in r.data], [])
        equal(len([t for t in s.texts("process") if "with other rights" in t and "not covered" in t]), 3)


LIMITS = r"""
import resource, sys
what, soft = sys.argv[1], int(sys.argv[2])
if what == "FSIZE":
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(getattr(resource, "RLIMIT_" + what), (soft, soft))
import os
def say(fd, text):
    try: os.write(fd, text)
    except OSError as e: return e.errno
    return 0
for i in range(100): say(2, b"limited %d\n" % i)
r = [say(1, b"out\n")]
if what not in ("AS", "NPROC"):
    pid = os.fork()
    if not pid: os._exit(say(2, b"child\n"))
    r.append(os.waitpid(pid, 0)[1] >> 8)
os._exit(10 + max(r))
"""


def test_32_limits():
    locked = built(r"""#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <sys/wait.h>
int main(void)
{
    int r = mlockall(MCL_CURRENT | MCL_FUTURE);
    for (int i = 0; i < 200; i++) { fprintf(stderr, "locked %d\n", i); }
    if (!fork()) { fprintf(stderr, "child\n"); _exit(0); }
    wait(NULL);
    return r ? 4 : 3;
}""")
    shell = 'echo out; echo err >&2; ls /nonexistent; sh -c "echo deeper >&2"; exit 3'
    commands = [["/usr/bin/python3", "-c", LIMITS, *a.split()] for a in ("FSIZE 0", "FSIZE 50", "NOFILE 3", "NOFILE 0", "AS 67108864", "NPROC 0", "STACK 65536", "CORE 0")]
    commands += [["bash", "-c", limit + "; " + shell] for limit in ("ulimit -n 4", "ulimit -v 65536", "ulimit -s 64", "ulimit -l 0", "ulimit -d 4096")]
    commands += [["bash", "-c", "(ulimit -f 0; %s) 2>&1 | cat" % shell], [locked], ["bash", "-c", "ulimit -l 8192; exec " + locked]]

    def play(stage):
        return [stage.run(c) for c in commands]
    for user in ["nobody"] if os.geteuid() == 0 else [None]:
        with scene(play, user=user) as s:
            equal([p.code for p in s.seen[:8]], [37, 37, 10, 10, 10, 10, 10, 10])
            lines = s.run.lines("stderr")
            equal(lines.count(b"limited 99\n"), 6)  # all but where the file could not grow
            true(lines.count(b"locked 199\n") >= 1, "with locked memory")


SMALL_SHM = r"""mount -t tmpfs -o %s none /dev/shm || exit 77
%s
shift; exec "$@" """


def test_32_full_or_read_only_shm():
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise Skip("not root, or no mount namespaces")
    retap = build_dir() + "/retap"
    command = ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i >&2; done; sh -c 'echo child >&2'; echo out; exit 3"]
    with tempfile.TemporaryDirectory() as t:
        for options, fill in (("size=64k", ""), ("size=1m", ""), ("size=4m", "head -c 10m /dev/zero > /dev/shm/full 2>/dev/null"), ("size=4m,ro", ""), ("size=8m,nr_inodes=8", "")):
            for env in ({}, {"XDG_RUNTIME_DIR": "/nonexistent"}):
                p = subprocess.run(["unshare", "-m", "sh", "-c", SMALL_SHM % (options, fill), "sh", "x", retap, "run", "-q", "-o", t + "/x.rrd", "--", *command],
                                   capture_output=True, timeout=60, env=dict({k: v for k, v in os.environ.items() if k != "XDG_RUNTIME_DIR"}, **env))
                # the program runs and its output is whole, or retap says in one line why it didn't start
                if p.returncode == 3:
                    equal(p.stdout, b"out\n")
                    true(p.stderr.startswith(b"line 1\nline 2\nline 3\nline 4\nline 5\nchild\n"), p.stderr)
                else:
                    true(p.stdout == b"" and re.fullmatch(rb"retap run: [^\n]+\n", p.stderr), (options, p))


def test_33_crowds():
    crowd = compile_program("crowd")
    many, most = (5000, 10000) if SOAK else (1000, 2000)
    few = (150, 10, 150), (300, 2, 8)  # what fits a segment that nobody drains

    def play(stage):
        sizes = few if stage.kind == "shim" else ((many, 10, many), (most, 2, 8))
        seen = [stage.run([crowd, *map(str, size)]) for size in sizes]
        for (threads, lines, _), p in zip(sizes, seen):
            equal(sorted(p.err.splitlines()), sorted(b"thread %d line %d" % (t, i) for t in range(threads) for i in range(lines)))
        return [p.code for p in seen]
    with scene(play) as s:
        equal(s.seen, [0, 0])
        equal(len(s.run.lines("stderr")), sum(t * lines for t, lines, _ in few))
        texts = [t for t in s.texts("stderr")]
        equal(len(texts), many * 10 + most * 2)
        equal(len(set(texts)), len({(t, i) for t in range(max(many, most)) for i in range(10) if t < many or i < 2}))


def test_34_short_processes():
    n = 2000 if SOAK else 300
    places = []

    def play(stage):
        p = stage.run(["sh", "-c", "i=0; while [ $i -lt %d ]; do /bin/echo $i >&2; i=$((i+1)); done; echo $RETAP_RUN" % (30 if stage.kind == "shim" else n)])
        places.append(p.out.decode().strip())
        return p.code
    with scene(play) as s:
        equal(len(s.run.lines("stderr")), 30)
        equal(sorted(map(int, s.texts("stderr"))), list(range(n)))
        equal(len([t for t in s.texts("process") if t.startswith("started: /bin/echo")]), n)
    until(lambda: not os.path.exists(places[-1]), "nothing left in " + places[-1])


def test_35_signal_storm():
    storm = compile_program("storm")

    def play(stage):
        p = stage.run([storm, "2000" if SOAK else "150"])
        worked, ticks = map(int, re.search(rb"(\d+) (\d+) in all\n$", p.out).groups())
        said = [len(re.findall(rb"^%s \d+$" % w, t, re.M)) for w, t in ((b"work", p.err), (b"tick", p.err), (b"tack", p.out))]
        equal(said, [worked, ticks, (ticks + 4) // 10])
        return p.code, p, ticks
    with scene(play, scrub=lambda seen: seen[0]) as s:
        code, p, ticks = s.seen
        equal(code, 0)
        whole_output(s, p)
        equal(len(s.run.messages("syslog")), (ticks + 9) // 10)
        seqs = {}
        for r in s.run.records():
            seqs.setdefault((r.pid, r.tid), []).append(r.seq)
        for mine in seqs.values():
            equal(sorted(mine), list(range(len(mine))))


THROWER = r"""#include <csignal>
#include <cstdio>
#include <cstring>
#include <pthread.h>
#include <setjmp.h>
#include <stdexcept>
#include <syslog.h>
#include <err.h>
#include <unistd.h>
#include <sys/uio.h>
static sigjmp_buf away;
static int full[2];
static void *blocked(void *) { char b[70000]; memset(b, 'x', sizeof b); dup2(full[1], 2); write(2, b, sizeof b); return nullptr; }
struct Cleanup { ~Cleanup() { write(1, "unwound\n", 8); } };
static void *cancelled(void *) { Cleanup c; char b[70000]; memset(b, 'y', sizeof b); write(full[1], b, sizeof b); return nullptr; }
static void thrower(int) { throw std::runtime_error("out of a handler"); }
static void jumper(int) { siglongjmp(away, 1); }
int main()
{
    pipe(full);
    int keep = dup(2);
    pthread_t t;
    // cancelled in a hook, with a C++ frame above it
    pthread_create(&t, nullptr, cancelled, nullptr);
    usleep(20000); pthread_cancel(t); pthread_join(t, nullptr);
    write(2, "after cancel\n", 13); syslog(LOG_ERR, "after cancel %d", 1);
    // a C++ exception out of a signal handler that interrupts a blocking write to a pipe taken for standard error
    struct sigaction sa = {}; sa.sa_handler = thrower; sa.sa_flags = SA_NODEFER;
    sigaction(SIGALRM, &sa, nullptr);
    try { ualarm(30000, 0); char b[70000]; memset(b, 'z', sizeof b); dup2(full[1], 2); for (;;) write(2, b, sizeof b); } catch (std::exception &e) {
        dup2(keep, 2); fprintf(stderr, "caught %s\n", e.what()); }
    // a jump out of warn()'s write
    sa.sa_handler = jumper; sigaction(SIGALRM, &sa, nullptr);
    if (!sigsetjmp(away, 1)) { ualarm(30000, 0); dup2(full[1], 2); for (;;) warnx("%01000d", 5); }
    dup2(keep, 2);
    for (int i = 0; i < 5; i++) { fprintf(stderr, "still %d\n", i); write(2, "here\n", 5); warnx("warned %d", i); syslog(LOG_INFO, "logged %d", i); }
    return 3;
}"""


def test_36_jumps_and_exceptions():
    program = built(THROWER, "-O1", "-fnon-call-exceptions", "-pthread", compiler="g++", suffix=".cc")
    with scene(lambda stage: stage.run([program]), segments=4) as s:
        equal((s.seen.code, s.seen.out), (3, b"unwound\n"))
        lines = s.run.lines("stderr")
        for line in (b"after cancel\n", b"caught out of a handler\n", *[b"still %d\n" % i for i in range(5)]):
            once(lines, line)
        equal(lines.count(b"here\n"), 5)
        equal([m.text for m in s.run.messages("syslog")], [b"after cancel 1", *[b"logged %d" % i for i in range(5)]])
        once([m.text for m in s.run.messages("warn")], *[b"warned %d" % i for i in range(5)])


PLUGIN_HOST = r"""#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void (*talk)(const char *);
    const char *how[] = {"normal", "deepbind", "namespace"};
    for (int i = 0; i < 3; i++) {
        void *h = i == 2 ? dlmopen(LM_ID_NEWLM, "./plugin.so", RTLD_NOW) : dlopen(i ? "./second.so" : "./plugin.so", RTLD_NOW | (i ? RTLD_DEEPBIND : 0));
        if (!h || !(talk = dlsym(h, "talk"))) { printf("%s\n", dlerror()); return 4; }
        talk(how[i]);
    }
    void *h = dlopen("libbeside.so", RTLD_NOW);  /* by RUNPATH $ORIGIN */
    printf("beside %s\n", h ? "found" : dlerror());
    fprintf(stderr, "host\n");
    return h ? 3 : 5;
}"""
PLUGIN = r"""#include <stdio.h>
#include <string.h>
#include <unistd.h>
void talk(const char *how)
{
    char b[64];
    fprintf(stderr, "stdio of %s\n", how);
    write(2, b, snprintf(b, sizeof b, "write of %s\n", how));
}"""


def test_37_plugins():
    plugin = built(PLUGIN, "-shared", "-fPIC")
    host = built(PLUGIN_HOST, "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags", "-ldl")

    def play(stage):
        for name in ("plugin.so", "second.so", "libbeside.so"):
            shutil.copy(plugin, stage.path(name))
        shutil.copy(host, stage.path("host"))
        return stage.run([stage.path("host")])
    with scene(play) as s:
        equal((s.seen.code, s.seen.out), (3, b"beside found\n"))
        equal(len(s.seen.err.splitlines()), 7)
        lines = s.run.lines("stderr")
        once(lines, b"stdio of normal\n", b"write of normal\n", b"stdio of deepbind\n", b"host\n")  # README: plugins with their own write, or libc


DAEMONS = {
    "apache2": ("Listen 127.0.0.1:PORT\nServerName localhost\nLoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
                "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\nPidFile WORK/pid\nErrorLog WORK/error.log\n"
                "DocumentRoot WORK\nMutex file:WORK\nServerRoot WORK\n",
                ["apache2", "-f", "CONFIG", "-t"], ["apache2", "-f", "CONFIG", "-DFOREGROUND"]),
    "lighttpd": ('server.document-root = "WORK"\nserver.port = PORT\nserver.bind = "127.0.0.1"\nserver.pid-file = "WORK/pid"\nserver.errorlog = "WORK/error.log"\n',
                 ["lighttpd", "-t", "-f", "CONFIG"], ["lighttpd", "-D", "-f", "CONFIG"]),
    "mosquitto": ("listener PORT 127.0.0.1\nallow_anonymous true\npersistence false\npid_file WORK/pid\nuser root\n", ["mosquitto", "-c", "/nonexistent"],
                  ["mosquitto", "-c", "CONFIG", "-v"]),
    "squid": ("http_port 127.0.0.1:PORT\npid_filename WORK/pid\ncache_log WORK/cache.log\naccess_log none\nvisible_hostname localhost\ncoredump_dir WORK\n"
              "cache_effective_user proxy\nshutdown_lifetime 0 seconds\npinger_enable off\nunlinkd_program /bin/true\n",
              ["squid", "-k", "parse", "-f", "CONFIG"], ["squid", "-N", "-d1", "-n", "retapPID", "-f", "CONFIG"]),
    "named": ('options { directory "WORK"; listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; }; pid-file "WORK/pid"; session-keyfile "WORK/session";\n'
              'recursion no; notify no; };\ncontrols { };\nzone "." { type hint; file "/dev/null"; };\n',
              ["named-checkconf", "CONFIG"], ["named", "-c", "CONFIG", "-g", "-n", "1", "-U", "1"]),
    "openvpn": ("dev null\nmode p2p\nlocal 127.0.0.1\nport PORT\nproto udp\nverb 3\nwritepid WORK/pid\ncipher none\nauth none\n",
                ["openvpn", "--config", "/nonexistent"], ["openvpn", "--config", "CONFIG", "--nosuchoption"]),
}


def daemon_case(name):
    text, check, serve = DAEMONS[name]

    def play(stage):
        port = free_port()

        def fill(s):
            return s.replace("WORK", stage.work).replace("PORT", str(port)).replace("CONFIG", stage.path("config")).replace("PID", str(os.getpid()))
        os.chmod(stage.work, 0o777)
        stage.file("config", fill(text) + ("Nonsense here\n" if name not in ("mosquitto", "openvpn") else ""))
        refused = stage.run([fill(a) for a in check])
        stage.file("config", fill(text))
        accepted = stage.run([fill(a) for a in check])
        p = stage.start([fill(a) for a in serve])
        if name == "openvpn":
            return refused, accepted, p.end()
        until(lambda: connects(port) or p.popen.poll() is not None, name)
        true(p.popen.poll() is None, (p.out(), p.err()))
        pid = int(until(lambda: slurp(stage.path("pid")).strip(), "the pid file"))
        # A signal while it still starts or reads its configuration is lost, or ends it: it says when it has.
        said = {"apache2": lambda n: slurp(stage.path("error.log")).count(b"resuming normal operations") == n,
                "named": lambda n: p.err().count(b" running\n") == n}
        ready = said.get(name, lambda n: True)
        until(lambda: ready(1), name + " is up")
        if name == "lighttpd":  # rotation: the log is opened anew
            os.rename(stage.path("error.log"), stage.path("error.log.1"))
            os.kill(pid, signal.SIGHUP)
            until(lambda: b"logfiles cycled" in slurp(stage.path("error.log")), "the new log")
        elif name != "squid":
            os.kill(pid, signal.SIGHUP)
        until(lambda: ready(2) and connects(port), name + " after SIGHUP")
        os.kill(pid, signal.SIGTERM)
        return refused, accepted, p.end()

    def scrub(seen):  # times and numbers of processes, ports and addresses
        words = [(p.code, sorted({re.sub(rb"[^a-zA-Z ]", b"", re.sub(rb"\d[\dT:./-]*|0x\w+|(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ", b"", line))
                                  for line in p.out.splitlines() + p.err.splitlines()})) for p in seen[:2]]
        return words, seen[2].code in (0, 1) if name == "lighttpd" else seen[2].code  # alone, too, it ends with one or the other
    with scene(play, scrub=scrub, retap=name in ("lighttpd", "mosquitto")) as s:
        refused, accepted, served = s.seen
        true(refused.code != 0, refused)
        lines = s.run.lines("stderr")
        for p in s.seen:
            for line in p.err.splitlines(True):
                true(line in lines, line)
        # squid and named speak to syslog and to standard error
        idents = {m.ident for m in s.run.messages("syslog")}
        true(all(i.startswith((name.encode(), b"(" + name.encode(), b"ovpn")) for i in idents), idents)


def test_38_daemons():
    have = [name for name in DAEMONS if shutil.which(DAEMONS[name][1][0])]
    if os.geteuid():
        raise Skip("not root: these servers want to be")
    if not have:
        raise Skip("none of %s is installed" % ", ".join(DAEMONS))
    for name in have:
        try:
            daemon_case(name)
        except AssertionError as e:
            raise AssertionError("%s: %s" % (name, e)) from e
        finally:
            for left in os.listdir("/dev/shm"):
                if left.startswith("retap%d-" % os.getpid()):  # squid's
                    os.unlink("/dev/shm/" + left)


def test_39_packages():
    need("dpkg", "dpkg-deb", "apt-get", "debconf-communicate")
    if os.geteuid():
        raise Skip("not root")
    postinst = "#!/bin/sh\nset -e\n. /usr/share/debconf/confmodule\ndb_get debconf/priority || true\n" \
               "echo configured $1 >&2\nwarning() { echo \"warning: $*\" >&2; }; warning careful\nexit 0\n"

    def play(stage):
        for name, script in (("good", postinst), ("bad", "#!/usr/bin/perl\nprint 'perl says no', qq(\\n); warn qq(indeed\\n); exit 5;\n")):
            stage.file("%s/DEBIAN/control" % name, "Package: retap-test-%s\nVersion: 1\nArchitecture: all\nMaintainer: none <a@b>\nDescription: test\n" % name)
            stage.file("%s/DEBIAN/postinst" % name, script, 0o755)
            stage.file("%s/usr/share/retap-test-%s/file" % (name, name), "content\n")
        os.makedirs(stage.path("root/var/lib/dpkg/info"))
        os.makedirs(stage.path("root/var/lib/dpkg/updates"))
        for f in ("status", "available"):
            stage.file("root/var/lib/dpkg/" + f, "")
        force = ["--root=" + stage.path("root"), "--force-script-chrootless", "--force-not-root", "--log=/dev/null"]
        base = "Name: %s\nDriver: File\nFilename: %s\n\n"
        stage.file("root/etc/debconf.conf", "Config: config\nTemplates: templates\n\n" + base % ("config", "/config.dat") +
                   base % ("templates", "/templates.dat"))
        debconf = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NOWARNINGS": "yes"}
        seen = [stage.run(["dpkg-deb", "--root-owner-group", "-b", stage.path(n), stage.path(n + ".deb")]) for n in ("good", "bad")]
        seen += [stage.run(["dpkg", *force, "-i", stage.path(n + ".deb")], env=debconf) for n in ("good", "bad")]
        seen += [stage.run(["dpkg", *force, "-r", "retap-test-good"]), stage.run(["dpkg", "-i", "/nonexistent.deb"]),
                 stage.run(["apt-get", "-s", "install", "bash", "no-such-package"]), stage.run(["apt-cache", "policy", "no-such-package"])]
        return seen
    with scene(play) as s:
        true([p.code for p in s.seen[:5]] == [0, 0, 0, 1, 0], s.seen)
        text = b"".join(s.run.lines("stderr"))
        for line in (b"configured configure\n", b"indeed\n", b"warning: careful\n"):
            once(text, line)
        true(b"GET debconf" not in text + b"".join(s.run.lines("stdout")), "the debconf protocol is no output")
        equal(s.run.lines("stderr"), sorted(b"".join(p.err for p in s.seen).splitlines(True)))


PLAIN_C = r"""#include <stdio.h>
#include <stdlib.h>
int main(void) { printf("out of c\n"); fprintf(stderr, "err of c\n"); fflush(stdout); return 4; }"""
I386 = r"""#include <stdio.h>
#include <stdlib.h>
void _start(void) { fprintf(stderr, "thirty-two\n"); system("echo child of thirty-two >&2"); exit(8); }"""
ODD_ASM = r""".globl _start
_start: mov $1, %eax; mov $2, %edi; lea t(%rip), %rsi; mov $9, %edx; syscall; mov $60, %eax; mov $6, %edi; syscall
t: .ascii "odd elf!\n"
"""


def test_40_odd_binaries():
    def play(stage):
        seen = {}
        for name, argv in (("ruby", ["ruby", "-e", 'puts "out"; warn "careful"; $stderr.puts "err"; system("echo child >&2"); raise "at the end"']),
                           ("php", ["php", "-n", "-d", "display_errors=stderr", "-d", "log_errors=0", "-r",
                                    'echo "out\n"; fwrite(STDERR, "err\n"); error_log("logged"); echo $nosuch; system("echo child >&2"); exit(3);']),
                           ("erlang", ["erl", "-noshell", "-eval", 'io:format("out~n"), io:format(standard_error, "err~n", []), halt(3).']),
                           ("gdb", ["gdb", "-nx", "--batch", "-ex", "python import sys; print('python in gdb'); sys.stderr.write('gdb err\\n')"])):
            if shutil.which(argv[0]):
                seen[name] = stage.run(argv)
        odd = {"no libc": built(ODD_ASM, "-nostdlib", "-static", suffix=".S"), "pie without libc": built(ODD_ASM, "-nostdlib", "-pie", suffix=".S"),
               "static pie": built(PLAIN_C, "-static-pie"), "old hash": built(PLAIN_C, "-Wl,--hash-style=sysv"), "bind now": built(PLAIN_C, "-Wl,-z,now"),
               "prelinked": built(PLAIN_C, "-no-pie"), "stripped": built(PLAIN_C, "-s")}
        for name, path in odd.items():
            seen[name] = stage.run([path])
        if os.path.exists("/lib/ld-linux.so.2") or os.path.exists("/lib32/ld-linux.so.2"):
            with contextlib.suppress(AssertionError):
                i386 = built(I386, "-m32", "-nostartfiles", "-nodefaultlibs", "-fno-pie", "-no-pie", "-fno-stack-protector", "-lc")
                seen["32 bit"] = stage.run(["sh", "-c", "%s; echo $?; exec %s" % (i386, i386)]), stage.run([i386] if stage.kind == "retap" else ["env", i386])
        stage.file("bare", "echo script without a first line >&2; exit 7\n", 0o755)
        stage.file("strange", "#!/usr/bin/env -S sh -e\necho strange first line >&2; false; echo never\n", 0o755)
        seen["script"] = stage.run(["sh", "-c", "./bare; ./strange; echo $?; ./nosuch; echo $?"])
        return seen
    with scene(play) as s:
        for name, p in s.seen.items():
            true(b"ld.so" not in repr(p).encode(), (name, p))
        text = b"".join(s.run.lines("stderr"))
        for name, lines in (("ruby", [b"careful\n"]), ("php", [b"logged"]), ("gdb", [b"gdb err\n"]), ("script", [b"script without a first line\n", b"strange first line\n"])):
            for line in lines if name in s.seen else ():
                once(text, line)
        equal(text.count(b"err of c\n"), 4)
        if "32 bit" not in s.seen:
            print("    no 32-bit libc: not tried", file=sys.stderr)


if __name__ == "__main__":
    main(globals())
