#!/usr/bin/env python3
"""Forty scenarios with real programs: each plays alone, with the shim and in `retap run`, and nobody can tell; and what should be recorded is
recorded, once and in the right stream. A tenth of the size unless RETAP_SOAK=1."""
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libstage import *  # noqa: E402,F403


def whole_output(s, seen=None):
    """What was recorded of both streams is what the program wrote, line by line."""
    seen = seen or s.seen
    equal(s.run.lines("stdout"), sorted(seen.out.splitlines(True)))
    equal(s.run.lines("stderr"), sorted(seen.err.splitlines(True)))


def around(stage, argv, static=False, **more):
    """Starts `around` by the command @argv, in which AROUND is its path; gives what it said, the stage's own names aside."""
    probe = compile_program("around", *["-static"] * static)
    told = stage.path("io/told.%d" % len(stage.programs))
    seen = stage.run([a.replace("AROUND", probe).replace("TOLD", told) for a in argv], **more)
    return seen, re.sub(rb"(retap\.\d+/|STAGE_OF=\d+)", b"", slurp(told))


def test_01_bash():
    script = r"""for i in 1 2 3; do echo out $i; echo err $i >&2; done
        talk() { echo "in $1"; echo "err of $1" >&2; }
        talk function; talk swapped 3>&1 1>&2 2>&3
        trap 'echo trapped >&2' USR1; kill -USR1 $$; trap 'echo leaving; echo last >&2' EXIT
        sh -c 'echo child; echo child err >&2'; (echo subshell >&2); : $(echo captured; echo beside >&2)
        ls /nonexistent 2>/dev/null; echo silence 2>/dev/null >&2; echo gone >/dev/null
        cat <(echo substituted) - <<< here; echo piped | sed s/p/P/; coproc cat; echo back >&"${COPROC[1]}"; read -ru "${COPROC[0]}" l; echo "$l"
        exec 5>&2 2>file; echo into the file >&2; nosuchcommand; exec 2>&5; echo again >&2; exit 7"""

    def play(stage):
        return stage.run(["bash", "-c", script]), slurp(stage.path("file"))
    with scene(play) as s:
        equal(s.seen[0].code, 7)
        recorded = b"".join(s.run.lines("stdout")), b"".join(s.run.lines("stderr"))
        for line in (b"out 1\n", b"in function\n", b"err of swapped\n", b"child\n", b"leaving\n", b"substituted\n", b"Piped\n", b"back\n"):
            once(recorded[0], line)
        for line in (b"err 3\n", b"in swapped\n", b"trapped\n", b"child err\n", b"subshell\n", b"beside\n", b"again\n", b"last\n"):
            once(recorded[1], line)
        for text in (b"silence", b"gone", b"into the file", b"nosuchcommand", b"captured", b"nonexistent"):
            true(text not in recorded[0] + recorded[1], text)
        once(s.texts("stderr"), "err 3", "trapped", "last")


def test_02_make():
    need("make", "gcc")
    n = 16 if SOAK else 6
    makefile = "OBJECTS := $(patsubst %%,f%%.o,%s)\nall: prog\nprog: $(OBJECTS) bad.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\t+@echo CC $@\n\tgcc -Wall -c $< -o $@\n" % \
        " ".join(map(str, range(n)))

    def play(stage):
        for i in range(n):
            stage.file("f%d.c" % i, "int f%d(void) { int unused%d; return 0; }\n" % (i, i))
        stage.file("bad.c", "int main(void) { return missing_name; }\n")
        stage.file("Makefile", makefile)
        return stage.run(["make", "-k", "-j8", "-Otarget"])
    with scene(play, scrub=sorted_lines) as s:
        equal(s.seen.code, 2)
        whole_output(s)
        pids = {}
        for r in s.run.records():
            if r.type == "DATA" and b"unused" in r.data:
                pids.setdefault(re.search(rb"unused\d+", r.data)[0], set()).add(r.pid)
        equal(len(pids), n)
        warnings = [r for r in s.rows if "warning: unused" in r["text"].split("\n")[0]]
        equal(len(warnings), n)
        equal({r["level"] for r in warnings}, {"WARN"})
        equal(len([r for r in s.rows if r["level"] == "ERROR" and "missing_name" in r["text"].split("\n")[0] and "undeclared" in r["text"]]), 1)


PYTHON = r"""
import faulthandler, logging, logging.handlers, multiprocessing, os, sys, traceback

def work(n):
    logging.warning("worker says %d", n)
    print("worker printed", n, flush=True)
    return n * n

if __name__ == "__main__":
    handler = logging.handlers.SysLogHandler(address=sys.argv[1])
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(name)s:%(message)s")
    logging.getLogger("sys").addHandler(handler)
    logging.debug("one %s", "debug")
    logging.getLogger("sys").critical("to both")
    print("printed before the forks")
    for how in ("fork", "spawn"):
        with multiprocessing.get_context(how).Pool(1) as pool:
            print(pool.map(work, [3]))
    try:
        {}["nokey"]
    except KeyError:
        logging.exception("caught")
    faulthandler.dump_traceback()
    os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ)
    os.wait()
    sys.stdout.flush()
    faulthandler.enable()
    os.kill(os.getpid(), 11)
"""


def test_03_python():
    def play(stage):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.bind(stage.path("log"))
            log.settimeout(5)
            stage.file("main.py", PYTHON)
            return stage.run(["/usr/bin/python3", "main.py", stage.path("log")]), log.recv(1000)
    with scene(play, scrub=lambda seen: (seen[0].code, seen[0].out, re.sub(rb"0x[0-9a-f]+", b"", seen[0].err), seen[1])) as s:
        seen = s.seen[0]
        equal(seen.code, -signal.SIGSEGV)
        whole_output(s, seen)
        equal(len({r.pid for r in s.run.records() if r.data.startswith(b"WARNING:root:worker")}), 2)
        levels = {r["text"].split("\n")[0]: r["level"] for r in s.rows}
        equal([levels[t] for t in ("DEBUG:root:one debug", "CRITICAL:sys:to both", "WARNING:root:worker says 3")], ["DEBUG", "CRITICAL", "WARN"])
        equal(len([t for t in s.texts("stderr") if "KeyError: 'nokey'" in t]), 1)
        equal(s.texts("stdout").count("printed before the forks"), 1)


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


def test_04_sshd():
    need("sshd", "ssh", "ssh-keygen")
    if os.geteuid():
        raise Skip("not root: sshd separates its privileges by another user")
    os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    port = free_port()

    def play(stage):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stage.path("host")], check=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", stage.path("user")], check=True)
        stage.file("keys", slurp(stage.path("user.pub")), 0o600)
        stage.file("askpass", "#!/bin/sh\necho wrong\n", 0o755)
        config = stage.file("config", "Port %d\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\nUsePAM no\nStrictModes no\nAuthorizedKeysFile %s\n"
                            "LogLevel INFO\nPrintMotd no\nPrintLastLog no\n" % (port, stage.path("host"), stage.path("keys")))
        server = stage.start(["/usr/sbin/sshd", "-D", "-f", config])
        until(lambda: connects(port), "sshd")
        options = ["-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]

        def ssh(*more, env=None):
            return subprocess.run(["ssh", *options, *more], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, start_new_session=True,
                                  env=dict(os.environ, **(env or {})))
        refused = ssh("-o", "BatchMode=yes", "-o", "IdentityFile=none", "nosuchuser@127.0.0.1", "true")
        wrong = ssh("-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", "root@127.0.0.1", "true",
                    env={"SSH_ASKPASS": stage.path("askpass"), "SSH_ASKPASS_REQUIRE": "force"})
        good = ssh("-i", stage.path("user"), "root@127.0.0.1", "echo inside; echo inside err >&2; exit 3")
        seen = server.end(signal.SIGTERM)
        return [(p.returncode, p.stdout, p.stderr) for p in (refused, wrong, good)], seen
    with scene(play) as s:
        equal([p[0] for p in s.seen[0]], [255, 255, 3])
        equal(s.seen[0][2][1:], (b"inside\n", b"inside err\n"))
        texts = [m.text.decode() for m in s.run.messages("syslog")]
        for pattern in (r"Server listening on 127\.0\.0\.1 port", r"Invalid user nosuchuser from 127\.0\.0\.1",
                        r"Failed password for root from 127\.0\.0\.1", r"Accepted publickey for root", r"Received signal 15; terminating"):
            equal((pattern, len([t for t in texts if re.match(pattern, t)])), (pattern, 1))
        equal({m.ident for m in s.run.messages("syslog")}, {b"sshd"})
        true(any(t.startswith("Invalid user nosuchuser") for t in s.texts("syslog")), "in the recording")


def test_05_nginx():
    need("nginx", "curl")
    port, log_port = free_port(), free_port()

    def play(stage):
        stage.file("html/index.html", "hello\n")
        log = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        log.bind(("127.0.0.1", log_port))
        log.settimeout(5)
        config = stage.file("nginx.conf", """daemon off; master_process on; worker_processes 1; user root; pid %(w)s/pid;
            error_log stderr info; error_log %(w)s/error.log notice; error_log syslog:server=127.0.0.1:%(l)d,nohostname,tag=web notice;
            events { worker_connections 32; }
            http { access_log /dev/stdout combined; client_body_temp_path %(w)s/b; proxy_temp_path %(w)s/p; fastcgi_temp_path %(w)s/f;
              uwsgi_temp_path %(w)s/u; scgi_temp_path %(w)s/s;
              server { listen 127.0.0.1:%(p)d; root %(w)s/html; } }""" % {"w": stage.work, "p": port, "l": log_port})
        server = stage.start(["nginx", "-e", "stderr", "-c", config])
        until(lambda: connects(port), "nginx")

        def get(name):
            return subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:%d/%s" % (port, name)],
                                  capture_output=True).stdout
        got = [get(""), get("missing-1")]
        master = int(slurp(stage.path("pid")))
        os.kill(master, signal.SIGHUP)
        server.until(rb"gracefully shutting down[\s\S]*exited with code 0")
        got += [get("missing-2")]
        worker = int(re.findall(rb"start worker process (\d+)", server.err())[-1])
        os.kill(worker, signal.SIGKILL)
        server.until(rb"exited on signal 9[\s\S]*start worker process")
        until(lambda: get("") == b"200", "the new worker")
        got += [get("missing-3")]
        os.kill(master, signal.SIGTERM)
        seen = server.end()
        datagrams = []
        with contextlib.suppress(OSError):
            log.settimeout(0.2)
            while True:
                datagrams.append(log.recv(4096))
        log.close()
        return got, seen, datagrams, slurp(stage.path("error.log"))

    def scrub(seen):  # numbers of processes and times
        got, server, datagrams, file = seen
        lines = set(re.sub(rb"^\S+ \S+ |\d+#\d+|\d{4,}|\*\d+", b"", line) for line in server.err.splitlines())
        return got, server.code, {line for line in lines if b"open()" in line}, len(datagrams) > 4, b"missing-1" in file
    with scene(play, scrub=scrub) as s:
        got, seen, datagrams, _ = s.seen
        equal(got, [b"200", b"404", b"404", b"404"])
        whole_output(s, seen)
        once(b"".join(s.run.lines("stderr")), *[b'missing-%d" failed' % i for i in (1, 2, 3)])
        errors = [r for r in s.rows if 'missing-1" failed' in r["text"] and r["path"].endswith("stderr")]
        equal([r["level"] for r in errors], ["ERROR"])


def test_06_postgres():
    need("psql")
    binaries = subprocess.run("ls -d /usr/lib/postgresql/*/bin", shell=True, capture_output=True, text=True).stdout.split()
    if not binaries:
        raise Skip("no PostgreSQL server is installed")
    port, user = free_port(), "nobody" if os.geteuid() == 0 else None

    def play(stage):
        data = stage.path("data")
        with Stage(stage.work + "-seed", "alone", None, user) as seed:  # not what is tested
            seed.work = stage.work
            made = seed.run([binaries[-1] + "/initdb", "-D", data, "-U", "me", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"],
                            env={"TZ": "UTC"})
            true(made.code == 0, made.err)
        shutil.rmtree(stage.work + "-seed", ignore_errors=True)

        def server(*options):
            p = stage.start([binaries[-1] + "/postgres", "-D", data, "-p", str(port), "-k", stage.work, "-h", "", "-c", "fsync=off",
                             "-c", "autovacuum=off", "-c", "log_line_prefix=[%p] ", "-c", "lc_messages=C", *options])
            until(lambda: psql("select 1").code == 0, "postgres")
            return p

        def psql(sql):
            p = subprocess.run(["psql", "-X", "-At", "-h", stage.work, "-p", str(port), "-U", "me", "-d", "postgres", "-c", sql], capture_output=True)
            return Seen(p.returncode, p.stdout, p.stderr)
        p = server()
        got = [psql("select 6*7"), psql("select nosuch"), psql("do $$ begin raise warning 'beware'; end $$")]
        sleeper = subprocess.Popen(["psql", "-X", "-h", stage.work, "-p", str(port), "-U", "me", "-d", "postgres", "-c", "select pg_sleep(60)"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        backend = until(lambda: psql("select pid from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()").out, "the sleeper")
        os.kill(int(backend), signal.SIGKILL)
        sleeper.wait()
        p.until(rb"was terminated by signal 9[\s\S]*database system is ready to accept connections")
        until(lambda: psql("select 1").code == 0, "postgres again")
        first = p.end(signal.SIGINT)
        p = server("-c", "logging_collector=on", "-c", "log_directory=%s" % stage.path("log"), "-c", "log_filename=l")
        got.append(psql("select nosuch_2"))
        second = p.end(signal.SIGINT)
        return got, first, second, slurp(stage.path("log/l"))

    def scrub(seen):
        got, first, second, file = seen
        clean = [re.sub(rb"^\[\d+\] |PID \d+|(?<=process \(PID )\d+", b"", line) for line in first.err.splitlines()]
        return got, first.code, sorted(set(line for line in clean if b"ERROR" in line or b"signal" in line)), second.code, b"nosuch_2" in file
    with scene(play, user=user, scrub=scrub) as s:
        got, first, second, file = s.seen
        equal([g.code for g in got], [0, 1, 0, 1])
        recorded = b"".join(s.run.lines("stderr"))
        for line in first.err.splitlines(True) + second.err.splitlines(True):
            true(line in recorded, line)
        once(recorded, b'ERROR:  column "nosuch" does not exist', b"WARNING:  beware", b"was terminated by signal 9")
        equal([r["level"] for r in s.rows if "terminated by signal 9" in r["text"]][:1], ["INFO"])
        equal([r["level"] for r in s.rows if 'column "nosuch" does not exist' in r["text"]], ["ERROR"])
        true("nosuch_2" not in " ".join(s.texts()), "what goes to the logging collector's pipe is not standard error")


def test_07_redis():
    need("redis-server", "redis-cli")
    port = free_port()

    def play(stage):
        def cli(*words):
            p = subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, timeout=20)
            return p.returncode, p.stdout
        base = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", stage.work, "--enable-debug-command", "yes"]
        p = stage.start(base)
        p.until(b"Ready to accept connections", "out")
        got = [cli("set", "a", "b"), cli("get", "a"), cli("nosuchcommand")]
        cli("debug", "segfault")
        crashed = p.end()
        p = stage.start(base + ["--daemonize", "yes", "--pidfile", stage.path("pid"), "--logfile", stage.path("daemon.log")])
        started = p.end()
        until(lambda: connects(port), "the daemon")
        got.append(cli("get", "a"))
        cli("shutdown", "nosave")
        until(lambda: not os.path.exists(stage.path("pid")), "the daemon's end")
        return got, crashed, started, slurp(stage.path("daemon.log")).count(b"\n")
    with scene(play, scrub=lambda seen: (seen[0], seen[1].code, seen[1].out.count(b"\n") > 100, seen[2], seen[3])) as s:
        crashed = s.seen[1]
        equal(crashed.code, -signal.SIGSEGV)
        recorded = b"".join(s.run.lines("stdout"))
        for line in crashed.out.splitlines(True):
            true(line in recorded or re.search(rb"\[0x[0-9a-f]+\]$", line), line)  # frames: backtrace_symbols_fd, a writev inside libc
        once(recorded, b"=== REDIS BUG REPORT START", b"STACK TRACE ------")
        true(any("REDIS BUG REPORT START" in t for t in s.texts("stdout")), "the report is in the recording")


DEATHS = {
    "free": ("free(p); free(p);", b"free(): double free detected in tcache 2\n"),
    "fortify": ("char b[8]; strcpy(b, argv[1]); puts(b);", b"*** buffer overflow detected ***: terminated\n"),
    "smash": ("smash();", b"*** stack smashing detected ***: terminated\n"),
    "assert": ("assert(argc == 99);", b"Assertion `argc == 99' failed.\n"),
    "abort": ("abort();", b""),
    "corrupt": ("for (int i = 1; i <= 8; i++) ((volatile char *)p)[-i] = 255; free(p);", b"munmap_chunk(): invalid pointer\n"),
    "throw": (None, None),
}


def death(name):
    body, _ = DEATHS[name]
    if not body:
        return built("""#include <iostream>
#include <stdexcept>
int main() { std::cerr << "before\\n"; throw std::runtime_error("thrown away"); }""", compiler="g++", suffix=".cc")
    return built("""#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) void smash(void) { volatile char b[8]; for (int i = 0; i < 64; i++) b[i] = 'x'; }
int main(int argc, char **argv)
{
    char *volatile p = malloc(24);
    fprintf(stderr, "before\\n"); printf("out\\n"); fflush(stdout);
    %s
    return 0;
}""" % body, "-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all")


def test_08_deaths():
    need("gdb")

    def play(stage):
        seen = {name: stage.run([death(name), "twenty characters ..."]) for name in DEATHS}
        return seen, stage.run(["gdb", "-nx", "--batch", "-ex", "run", "-ex", "bt 12", death("free")], env={"DEBUGINFOD_URLS": ""})

    def frames(seen):
        return re.findall(rb"#\d+ .*?(\w+) \(", seen.out)
    with scene(play, scrub=lambda seen: (seen[0], frames(seen[1]))) as s:
        seen, backtrace = s.seen
        true({b"__GI_abort", b"main"} <= set(frames(backtrace)) or b"abort" in frames(backtrace), backtrace)
        for name, (_, last) in DEATHS.items():
            equal((name, seen[name].code), (name, -signal.SIGABRT))
            true(seen[name].err.endswith(last or b"\n"), seen[name])
        equal([m.text for m in s.run.messages("assert")], [b"Assertion `argc == 99' failed."])
        equal(len([m for m in s.run.messages("abort") if m.ident == os.path.basename(death("abort")).encode()]), 1)
        true(any("thrown away" in t for t in s.texts("stderr")), s.texts("stderr"))
        for name in ("free", "fortify") if exports(b"__abort_msg") else ():
            once([m.text.strip(b"\n") for m in s.run.messages("fatal")], DEATHS[name][1].strip(b"\n"))


def test_09_sigkill():
    counter = os.path.join(build_dir(), "tests/run/hosts/counter")
    if not os.path.exists(counter):
        raise Skip("tests/run/hosts/counter is not built")
    line = re.compile(rb"thread (\d+) line (\d+) (.*)")
    for n in range(100 if SOAK else 10):
        with tempfile.TemporaryDirectory() as t, Run(wait_us=100000) as run, open(t + "/err", "wb") as err, open(t + "/out", "wb") as out:
            p = subprocess.Popen([counter, t + "/state", "8", "0", "20"], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 env=run.environment({"RETAP_FDS": note_of([out, err])}))
            until(lambda: os.path.exists(t + "/err") and os.path.getsize(t + "/err") > 200, "the first lines")
            time.sleep(0.001 + 0.0037 * (n % 10))
            p.kill()
            p.wait()
            returned = struct.unpack("65Q", slurp(t + "/state"))[1:]
            got = {}
            for text in b"".join(r.data for r in run.records(torn=True) if r.type == "DATA").splitlines():
                m = line.fullmatch(text)
                true(m, "garbage: %r" % text)
                got.setdefault(int(m[1]), []).append(int(m[2]))
            for thread in range(8):
                mine = sorted(got.get(thread, []))
                true(mine == list(range(len(mine))) and returned[thread] <= len(mine) <= returned[thread] + 1, (thread, len(mine), returned[thread]))


def test_10_collector_in_trouble():
    retap = build_dir() + "/retap"
    if not os.path.exists(retap):
        raise Skip("no retap")
    lines = 200000 if SOAK else 20000
    script = "i=0; while [ $i -lt %d ]; do i=$((i+1)); echo line $i of many that nobody takes away; done >&2; echo done" % lines

    def collector(pid):
        for child in slurp("/proc/%d/task/%d/children" % (pid, pid)).split():
            if b"collect" in slurp("/proc/%d/cmdline" % int(child)):
                return int(child)

    with tempfile.TemporaryDirectory() as t:
        for trouble in ("stopped", "killed", "full"):
            args = [retap, "run", "-q", "-o", t + "/x.rrd", "--staging", "1MiB", "--", "sh", "-c", "echo ready; read go; " + script]
            if trouble == "full":
                os.makedirs(t + "/small", exist_ok=True)
                args = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k none %s/small && exec \"$@\"" % t, "sh"] + args
                args[args.index("-o") + 1] = t + "/small/x.rrd"
                if subprocess.run(args[:4] + ["mount -t tmpfs -o size=64k none %s/small" % t], capture_output=True).returncode:
                    print("    no mounts here: not tried on a full disk", file=sys.stderr)
                    continue
            with open(t + "/out", "wb") as out, open(t + "/err", "wb") as err:
                p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True)
                pid = None
                until(lambda: slurp(t + "/out"), "the start")
                if trouble != "full":
                    pid = until(lambda: collector(p.pid), "the collector")
                    os.kill(pid, signal.SIGSTOP if trouble == "stopped" else signal.SIGKILL)
                p.stdin.write(b"go\n")
                p.stdin.close()
                try:
                    until(lambda: slurp(t + "/out").endswith(b"done\n"), "the program's end while its collector is " + trouble)
                finally:
                    if trouble == "stopped":
                        os.kill(pid, signal.SIGCONT)
                equal((trouble, p.wait(30)), (trouble, 0))
            text = slurp(t + "/err")
            equal(text.count(b"of many that nobody takes away\n"), lines)
            if trouble == "full":
                continue
            ledger = json.loads(subprocess.run([retap, "stats", "--json", t + "/x.rrd"], capture_output=True).stdout)
            true(ledger, "there is a ledger")
    with Run(segments=0) as run:  # absent, or out of segments
        equal(run.program(["sh", "-c", "echo x >&2"]).stderr, b"x\n")


if __name__ == "__main__":
    main(globals())
