#!/usr/bin/env python3
"""Forty scenarios with real programs: each plays alone, with the shim and in `retap run`, and nobody can tell; and what should be recorded is
recorded, once and in the right stream. A tenth of the size unless RETAP_SOAK=1. 21 to 40: test_scenarios_hosts.py."""
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
    n = 12 if SOAK else 6
    makefile = "OBJECTS := $(patsubst %%,f%%.o,%s)\nall: prog\nprog: $(OBJECTS) bad.o\n\tgcc -o $@ $^\n%%.o: %%.c\n\t+@echo CC $@\n\tgcc -Wall -c $< -o $@\n" % \
        " ".join(map(str, range(n)))

    def play(stage):
        for i in range(n):
            stage.file("f%d.c" % i, "int f%d(void) { int unused%d; return 0; }\n" % (i, i))
        stage.file("bad.c", "int main(void) { return missing_name; }\n")
        stage.file("Makefile", makefile)
        seen = stage.run(["make", "-k", "-j8", "-Otarget"])
        return seen._replace(err=recipe(seen.err))

    def recipe(text):
        """With -j make tells one line of the recipe or the other."""
        return re.sub(rb"Makefile:\d+", b"Makefile", text)
    with scene(play, scrub=sorted_lines) as s:
        equal(s.seen.code, 2)
        whole_output(s, scrub=recipe)
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
import faulthandler, gc, logging, logging.handlers, multiprocessing, os, sys, traceback

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
    del pool
    gc.collect()
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
                        with contextlib.suppress(ProcessLookupError):
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



PAGE = """<html><head><title>a page</title></head><body><p id=a></p><script>
console.error("an error of the page"); document.getElementById("a").textContent = "computed " + 6 * 7;</script></body></html>"""


def test_11_chromium():
    need("chromium")

    def play(stage):
        page = stage.file("page.html", PAGE)
        return stage.run(["chromium", "--headless", "--disable-gpu", "--no-first-run", "--user-data-dir=" + stage.path("profile"), "--enable-logging=stderr",
                          "--disable-dev-shm-usage", "--dump-dom", "file://" + page], env={"DBUS_SESSION_BUS_ADDRESS": "disabled:"}, timeout=120)

    def scrub(seen):  # the rest of stderr is Chromium's own troubles, with times and numbers
        return seen.code, seen.out, re.findall(rb'CONSOLE[^\]]*\] (".*?")', seen.err), re.findall(rb"crash|signal|SIGSYS|seccomp", seen.err)
    with scene(play, user="nobody", scrub=scrub) as s:
        s.run.torn = True  # it kills its helpers
        equal(s.seen.code, 0)
        true(b"computed 42" in s.seen.out, s.seen)
        once(b"".join(s.run.lines("stderr")), b'"an error of the page"')
        equal(len([t for t in s.texts("stderr") if "an error of the page" in t]), 1)


NODE = r"""
const cluster = require("cluster"), child = require("child_process"), threads = require("worker_threads");
if (!threads.isMainThread) {
  console.log("in a thread"); console.error("thread err");
} else if (cluster.isWorker) {
  console.error("worker err"); process.exit(0);
} else {
  console.log("log"); console.info("info"); console.warn("warn"); console.error("error"); console.debug("debug"); console.trace("trace");
  console.table([{a: 1}]); console.group("group"); console.log("indented"); console.groupEnd();
  for (let i = 0; i < 50; i++) { console.log("order", i); console.error("order", i); }
  console.log(child.execFileSync("sh", ["-c", "echo caught; echo beside >&2"]).toString());
  child.spawn("sh", ["-c", "echo spawned; echo spawned err >&2"], {stdio: "inherit"}).on("exit", () =>
    new threads.Worker(__filename).on("exit", () =>
      cluster.fork().on("exit", () => { setTimeout(() => { throw new Error("nobody catches this"); }, 1); })));
}
"""


def test_12_node():
    need("node")

    def play(stage):
        stage.file("main.js", NODE)
        return stage.run(["node", "main.js"])
    with scene(play) as s:
        equal(s.seen.code, 1)
        out, err = (b"".join(r.data for r in s.run.records() if r.type == "DATA" and r.stream == name) for name in ("stdout", "stderr"))
        equal((out, err), (s.seen.out, s.seen.err))  # in this order, too
        once(s.texts("stderr"), "worker err", "thread err", "spawned err", "order 7")
        true(any("nobody catches this" in r["text"] and r["level"] == "ERROR" for r in s.rows), "the uncaught error is one")


JAVA = r"""
import java.util.logging.*;
public class Main {
    static int[] nothing;
    public static void main(String[] a) throws Exception {
        System.out.println("out"); System.err.println("err"); System.err.printf("formatted %d%n", 5);
        Logger log = Logger.getLogger("app");
        System.setProperty("java.util.logging.SimpleFormatter.format", "%4$s: %5$s%6$s%n");
        log.severe("severe"); log.warning("warning"); log.info("info");
        int caught = 0;
        for (int i = 0; i < 50000; i++) try { caught += nothing[i]; } catch (NullPointerException e) { caught++; }
        System.out.println("null checks " + caught);
        Process p = new ProcessBuilder("sh", "-c", "echo child; echo child err >&2").inheritIO().start();
        p.waitFor();
        Thread t = new Thread(() -> { throw new IllegalStateException("in a thread"); });
        t.start(); t.join();
        if (a.length > 0) {
            var f = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
            f.setAccessible(true);
            ((sun.misc.Unsafe) f.get(null)).putAddress(0, 0);
        }
        throw new Exception("the end");
    }
}
"""


def test_13_java():
    need("java", "javac")

    def play(stage):
        stage.file("Main.java", JAVA)
        classes = os.path.join(build_dir(), "tests/preload/made/java")
        if not os.path.exists(classes + "/Main.class"):
            subprocess.run(["javac", "-nowarn", "-d", classes, stage.path("Main.java")], check=True, capture_output=True)
        common = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", classes]
        return (stage.run([*common, "-Xcheck:jni", "Main"]),
                stage.run([*common, "-XX:ErrorFile=" + stage.path("hs_err"), "Main", "crash"]),
                b"SIGSEGV" in slurp(stage.path("hs_err")))

    def scrub(seen):
        first, crash, report = seen
        return first, crash.code, crash.err, re.sub(rb"0x[0-9a-f]+|pid=\d+|tid=\d+|after [\d.]+s|.*Elapsed.*", b"", crash.out), report
    with scene(play, scrub=scrub) as s:
        first, crash, report = s.seen
        equal((first.code, crash.code, report), (1, -signal.SIGABRT, True))
        true(b"null checks 50000" in first.out and b"modified" not in first.out + first.err, first)
        equal(s.run.lines("stdout"), sorted((first.out + crash.out).splitlines(True)))
        equal(s.run.lines("stderr"), sorted((first.err + crash.err).splitlines(True)))
        levels = {r["text"].split("\n")[-1].strip(): r["level"] for r in s.rows}
        equal([levels.get(t) for t in ("SEVERE: severe", "WARNING: warning", "INFO: info")], ["ERROR", "WARN", "INFO"])
        true(any("in a thread" in r["text"] and r["level"] == "ERROR" and "\n" in r["text"] for r in s.rows), "a trace is one row")


GO = """package main
%s
import ("fmt"; "os"; "os/exec")
func main() {
    %s
    fmt.Println("out of go"); fmt.Fprintln(os.Stderr, "err of go"); println("builtin")
    c := exec.Command("sh", "-c", "echo child; echo child err >&2"); c.Stdout = os.Stdout; c.Stderr = os.Stderr; c.Run()
    os.Exit(3)
}"""
PLAIN_C = r"""#include <stdio.h>
#include <stdlib.h>
int main(void) { printf("out of c\n"); fprintf(stderr, "err of c\n"); fflush(stdout); system("echo child; echo child err >&2"); return 4; }"""


def go_program(cgo, mode):
    source = GO % ("// int puts(const char *); int fflush(void *);\nimport \"C\"" if cgo else "", "C.puts(C.CString(\"by c\")); C.fflush(nil)" if cgo else "")
    out = os.path.join(build_dir(), "tests/preload/made", "go-" + hashlib.sha256((source + mode).encode()).hexdigest()[:16])
    if not os.path.exists(out):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with tempfile.TemporaryDirectory() as t:
            with open(t + "/main.go", "w") as f:
                f.write(source)
            p = subprocess.run(["go", "build", *mode.split(), "-o", out, "main.go"], cwd=t, capture_output=True,
                               env=dict(os.environ, CGO_ENABLED="01"[cgo], GO111MODULE="off", GOFLAGS=""))
            true(p.returncode == 0, p.stderr)
    return out


def test_14_static():
    programs = {}
    if shutil.which("go"):
        programs.update({"go static": go_program(False, ""), "go cgo": go_program(True, ""), "go pie": go_program(False, "-buildmode=pie")})
    if shutil.which("musl-gcc"):
        programs.update({"musl": built(PLAIN_C, compiler="musl-gcc"), "musl static": built(PLAIN_C, "-static", compiler="musl-gcc")})
    programs.update({"c static": built(PLAIN_C, "-static"), "c": built(PLAIN_C)})

    def play(stage):
        seen = {name: stage.run([path]) for name, path in programs.items()}
        if shutil.which("busybox"):
            seen["busybox"] = stage.run(["busybox", "sh", "-c", "echo out; echo err >&2; ls /nonexistent; exit 6"])
        return seen
    with scene(play) as s:
        for name, seen in s.seen.items():
            true(seen.code in (3, 4, 6) and b"err" in seen.err, seen)
        recorded = b"".join(s.run.lines("stderr"))
        equal(recorded.count(b"child err\n"), len(programs))  # dynamic children of static parents
        equal(recorded.count(b"err of c\n"), sum(n in programs for n in ("c", "musl")))
        true(b"builtin" not in recorded, "Go's own writes cannot be seen")
        told = " ".join(s.texts("process"))
        equal((told.count("which is a Go program"), told.count("which is statically linked: not covered")),
              ("go static" in programs, 1 + ("musl" in programs) + ("busybox" in s.seen)))


RUST = r"""
fn main() {
    println!("out"); eprintln!("err {}", 1);
    let way = std::env::args().nth(1).unwrap_or_default();
    let _ = std::thread::spawn(|| panic!("in a thread\nsecond line")).join();
    if way == "abort" { std::process::abort(); }
    if way == "exit" { std::process::exit(5); }
    let v: Vec<i32> = vec![]; println!("{}", v[way.len()]);
}
"""


def test_15_rust():
    need("rustc")

    def play(stage):
        binary = os.path.join(build_dir(), "tests/preload/made/rust-" + hashlib.sha256(RUST.encode()).hexdigest()[:16])
        if not os.path.exists(binary):
            os.makedirs(os.path.dirname(binary), exist_ok=True)
            subprocess.run(["rustc", "-A", "warnings", "-C", "debuginfo=1", "-o", binary, stage.file("prog.rs", RUST)], check=True, capture_output=True)
        return [stage.run([binary, way], env={"RUST_BACKTRACE": trace}) for way, trace in (("panic", "1"), ("abort", "0"), ("exit", "0"))]
    with scene(play, scrub=lambda seen: [(p.code, p.out, re.sub(rb" \(\d+\)", b"", p.err)) for p in seen]) as s:  # newer ones print the tid
        equal([p.code for p in s.seen], [101, -signal.SIGABRT, 5])
        for stream in ("stdout", "stderr"):
            equal(s.run.lines(stream), sorted(b"".join(p[1 + (stream == "stderr")] for p in s.seen).splitlines(True)))
        panics = [r for r in s.rows if "index out of bounds" in r["text"]]
        equal(len(panics), 1)
        true("panicked at" in panics[0]["text"] and panics[0]["level"] in ("ERROR", "CRITICAL"), panics)


GIT = r"""
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
export GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init -q -b main origin && cd origin && git config receive.denyCurrentBranch ignore
for i in 1 2 3 4 5 6; do echo $i > f$i; git add f$i; git commit -q -m "commit $i"; done
printf '#!/bin/sh\necho from the hook; echo hook err >&2\nexit ${HOOK:-0}\n' > .git/hooks/pre-receive; chmod +x .git/hooks/pre-receive; cd ..
git clone --progress origin copy && cd copy && echo own > own && git add own && git commit -q -m own && git push origin HEAD:refs/heads/topic
HOOK=1 git push origin HEAD:refs/heads/refused
git checkout -q -b side HEAD~3 && echo other > f6 && git add f6 && git commit -q -m conflict; git rebase main; git status --short; git rebase --abort
git log --oneline --graph | head -3; git -c core.pager=cat diff HEAD~1 --stat; git gc --quiet; git fsck --no-progress
"""


def test_16_git():
    need("git")
    with scene(lambda stage: stage.run(["sh", "-c", GIT])) as s:
        equal(s.seen.code, 0)
        out, err = b"".join(s.run.lines("stdout")), b"".join(s.run.lines("stderr"))
        once(err, b"pre-receive hook declined")
        for line in s.seen.err.splitlines(True):  # progress is written in pieces, and by several processes
            true(line.split(b"\r")[-1] in err or b"remote:" in line, line)
        equal(err.count(b"remote: hook err"), 2)
        true(b"\nCONFLICT" in b"\n" + out, out)
        done = [r["text"] for r in s.rows if "Receiving objects" in r["text"] or "done." in r["text"]]
        true(all("\r" not in t for t in done), done)


def test_17_compilers():
    need("gcc")
    sources = {"warn.c": "int f(int a) { int x; if (a = 1) return x; }\n", "error.c": "int main(void) { foo(; }\n",
               "link.c": "int missing(void); int main(void) { return missing(); }\n"}
    script = "for c in %s; do for f in warn error link; do $c -Wall -fdiagnostics-color=always $f.c -o $f; done; done; gcc -c nosuch.c; ld nosuch.o; " \
             "gcc -fsyntax-only -x c++ - < warn.c; as -o x.o /dev/null; true" % ("gcc clang" if shutil.which("clang") else "gcc")

    def play(stage):
        for name, text in sources.items():
            stage.file(name, text)
        return stage.run(["sh", "-c", script])
    with scene(play, scrub=lambda seen: re.sub(rb"/(cc|\w+-)\w{6}\.o|\w+-[0-9a-f]{6}\.o", b"", seen.err)) as s:
        whole_output(s)
        true(b"\x1b[" in s.seen.err, "there are colours")
        true(all("\x1b" not in r["text"] for r in s.rows), [r["text"] for r in s.rows if "\x1b" in r["text"]])
        warned = [r for r in s.rows if "suggest parentheses" in r["text"].split("\n")[0]]
        true(warned and {r["level"] for r in warned} == {"WARN"}, warned)
        true(any("\n" in r["text"] for r in warned), "with the lines below")
        equal({r["level"] for r in s.rows if "undefined reference" in r["text"]}, {"ERROR"})


def test_18_curl():
    need("curl")

    def play(stage):
        port = free_port()
        stage.file("page", "x" * 20000)
        server = subprocess.Popen(["/usr/bin/python3", "-m", "http.server", "-b", "127.0.0.1", str(port)], cwd=stage.work, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            until(lambda: connects(port), "a web server")
            return [stage.run(["curl", *a]) for a in (["-sS", "http://127.0.0.1:1/nothing"], ["-sv", "-o", "got", "http://127.0.0.1:%d/page" % port],
                                                     ["-o", "got", "http://127.0.0.1:%d/page" % port],
                                                     ["-sSf", "http://127.0.0.1:%d/missing" % port])]
        finally:
            server.kill()
            server.wait()

    def scrub(seen):
        return [(p.code, p.out, re.sub(rb":\d{4,5}|port \d+|Date:.*|Last-Modified:.*|[\d:.-]+k?", b"", p.err).count(b"\n")) for p in seen]
    with scene(play, scrub=scrub) as s:
        equal([p.code for p in s.seen], [7, 0, 0, 22])
        equal(s.run.lines("stderr"), sorted(b"".join(p.err for p in s.seen).splitlines(True)))
        failed = s.seen[0].err
        pieces = [r for r in s.run.records() if r.type == "DATA" and r.pid == s.run.records()[0].pid]
        true(len(pieces) > 50, "written character by character: %d" % len(pieces))
        once(s.texts("stderr"), failed.decode().strip())
        meter = [t for t in s.texts("stderr") if t.lstrip().startswith("100")]
        true(len(meter) <= 2, meter)


def test_19_data():
    script = """head -c 300000 /bin/bash > big; tar --mtime=@0 --owner=0 --group=0 --numeric-owner --sort=name -czf - big | gzip -d | tar -tf - | tee list
        tar --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - big; gzip -nc big; dd if=big bs=7000 status=none; cat big; dd if=big of=copy bs=64k
        cat big > other; cmp big other && cat < big | wc -c"""
    tail = r"""
import os, sys
f = os.open("big", os.O_RDONLY)
os.sendfile(1, f, 0, 5000)
r, w = os.pipe()
os.splice(f, w, 4096, offset_src=0)
os.splice(r, 1, 4096)
os.copy_file_range(f, 1, 3000, offset_src=0)
os.write(1, b"text at the end\n")
"""

    def play(stage):
        first = stage.run(["sh", "-c", script])
        return first._replace(err=re.sub(rb"copied, .*", b"", first.err)), stage.run([sys.executable, "-c", tail])
    with scene(play) as s:
        first, second = s.seen
        equal(len(second.out), 5000 + 4096 + 3000 + 16)
        text = b"".join(s.run.lines("stdout"))
        equal(len(text) + s.run.counted(), len(first.out) + len(second.out))
        true(len(text) < 3000 and b"text at the end\n" in text and b"ELF" not in text, text)
        equal(len(b"".join(s.run.lines("stderr"))) > 30, True)  # dd's figures
        true(all("ELF" not in t for t in s.texts("stdout")), s.texts("stdout"))


CRON = r"""
mount -t tmpfs none /run && mount -t tmpfs none /var/spool/cron/crontabs && mkdir upper work merged || exit 77
mount -t tmpfs none upper && mkdir upper/u upper/w && mount -t overlay -o lowerdir=/usr/sbin,upperdir=upper/u,workdir=upper/w none /usr/sbin || exit 77
printf '#!/bin/sh\ncat > %s/mail; logger -s delivered\n' "$PWD" > /usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail
printf '@reboot echo from the job; echo job err >&2; AROUND TOLD; logger -s -t job "to syslog"\n' > /var/spool/cron/crontabs/root
chmod 600 /var/spool/cron/crontabs/root
exec cron -f
"""


def test_20_cron():
    need("cron", "logger")
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise Skip("not root, or no mount namespaces: cron knows one place only")

    def play(stage):
        told = stage.path("io/told")
        script = CRON.replace("AROUND", compile_program("around")).replace("TOLD", told)
        p = stage.start(["unshare", "-m", "sh", "-c", script])
        until(lambda: p.popen.poll() == 77 or slurp(stage.path("mail")).count(b"\n") > 10 and slurp(told), "the mail of the job")
        if p.popen.poll() == 77:
            raise Skip("no overlay file system")
        seen = p.end(signal.SIGTERM)
        return seen.code, slurp(stage.path("mail")), re.sub(rb"STAGE_OF=\d+", b"", slurp(told))

    def scrub(seen):
        return seen[0], re.sub(rb"Date:.*|\w+ \d+ [\d:]+", b"", seen[1]), seen[2]
    with scene(play, scrub=scrub) as s:
        true(b"from the job\njob err\n" in s.seen[1], s.seen)
        said = [m.text for m in s.run.messages("syslog")]
        once(said, b"(CRON) INFO (Running @reboot jobs)")
        true(any(t.startswith(b"(root) CMD (echo from the job") for t in said), said)
        true(b"from the job" not in b"".join(s.run.lines("stdout")), "a pipe is not standard output")
        starts = [r.data for r in s.run.records() if r.type == "PROCESS"]
        true(any(b"around" in d for d in starts), "the job is known, though cron makes its own environment")


if __name__ == "__main__":
    main(globals())
