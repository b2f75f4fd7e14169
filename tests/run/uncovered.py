"""Programs that the library can not be loaded into run as ever; the recording says that they were not covered, and why. With --wrap-fds
what they write on standard output and error is recorded all the same."""
import fcntl
import hashlib
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time

from run import librun as lib

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <signal.h>
int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1;
    for (int i = 0; i < n; i++)
        printf("line %d of standard output\n", i);
    fprintf(stderr, "ERROR: a line of standard error\n");
    fflush(stdout);
    if (argc > 2 && !strcmp(argv[2], "die"))
        raise(SIGTERM);
    return 3;
}
"""
GO = 'package main\nimport ("fmt"; "os")\nfunc main() {\n\tfmt.Println("line 0 of standard output")\n' \
     '\tfmt.Fprintln(os.Stderr, "ERROR: a line of standard error")\n\tos.Exit(3)\n}\n'
skipped = []


def build(name, *command):
    """Path of a program, or None where this machine can't make it."""
    if not shutil.which(command[0]):
        skipped.append(f"{name}: no {command[0]}")
        return None
    p = subprocess.run([*command, "-o", name, "go.go" if command[0] == "go" else "say.c"], capture_output=True, text=True)
    if p.returncode:
        skipped.append(f"{name}: {command} failed: {p.stderr[-200:]}")
        return None
    return "./" + name


def run(argv, options=(), output="x.rrd", prefix=(), **kw):
    """retap run; its result with both streams as files were given."""
    with open("out", "w+b") as out, open("err", "w+b") as err:
        p = subprocess.run([*prefix, lib.RETAP, "run", "-o", output, *options, "--", *argv], stdin=subprocess.DEVNULL, stdout=out,
                           stderr=err, timeout=120, **kw)
        out.seek(0)
        err.seek(0)
        p.stdout, p.stderr = out.read(), err.read()
    return p


def alone(argv, prefix=()):
    return subprocess.run([*prefix, *argv], stdin=subprocess.DEVNULL, capture_output=True)


def check(what, got, expected):
    if got != expected:
        lib.fail(f"{what}: {str(got)[:300]}, expected {str(expected)[:300]}")


def same(what, p, plain):
    check(f"{what}: exit status", p.returncode, plain.returncode)
    check(f"{what}: standard output", p.stdout, plain.stdout)
    check(f"{what}: standard error", p.stderr, plain.stderr)


def texts(entity):
    return [r["text"] for r in lib.rows("x.rrd", entity)]


def why(program):
    return [e["reason"] for e in lib.stats("x.rrd")["not_covered"] if e["program"] == program]


def each_kind():
    """(name, path, part of the reason)"""
    with open("go.go", "w") as f:
        f.write(GO)
    kinds = [("static", build("static", "gcc", "-static"), "statically"),
             ("static-pie", build("static-pie", "gcc", "-static-pie"), "statically"),
             ("musl-static", build("musl-static", "musl-gcc", "-static"), "statically"),
             ("golang", build("golang", "go", "build"), "Go program"),
             ("word32", build("word32", "gcc", "-m32"), "word size")]
    return [k for k in kinds if k[1]]


def test_not_covered_and_why():
    for name, path, reason in each_kind():
        plain = alone([path])
        same(name, run([path]), plain)
        if not any(reason in r for r in why(name)):
            lib.fail(f"{name}: reasons {why(name)}")
        rows = texts(f"/logs/{name}/process")
        check(f"{name}: rows", [rows[0], rows[-1]], [f"started: {path}", "exited with status 3"])
        same(f"{name} from a shell", run(["bash", "-c", f"{path}; exit $?"]), plain)
        if not any(reason in r for r in why(name)):
            lib.fail(f"{name} from a shell: reasons {why(name)}")


def test_wrapped():
    for name, path, _ in each_kind():
        plain = alone([path])
        for mode in ("auto", "pipe", "pty"):
            what = f"{name} --wrap-fds {mode}"
            same(what, run([path], ["--wrap-fds", mode]), plain)
            check(f"{what}: stdout", texts(f"/logs/{name}/stdout"), ["line 0 of standard output"])
            err = lib.rows("x.rrd", f"/logs/{name}/stderr")
            check(f"{what}: stderr", [(r["text"], r["level"]) for r in err], [("ERROR: a line of standard error", "ERROR")])
            rows = lib.rows("x.rrd", f"/logs/{name}/process")
            check(f"{what}: process", [r["text"] for r in rows], [f"started: {path}", "exited with status 3"])
            check(f"{what}: one process", {r["pid"] for r in rows + err}, {rows[0]["pid"]})
            check(f"{what}: not covered", lib.stats("x.rrd")["not_covered"], [])


def test_covered_programs():
    path = build("dynamic", "gcc")
    plain = alone([path])
    same("--wrap-fds auto", run([path], ["--wrap-fds", "auto"]), plain)
    check("what the shim can see is its own", lib.stats("x.rrd")["not_covered"], [])
    for mode in ("auto", "pipe"):
        same(mode, run([path], ["--wrap-fds", mode]), plain)
        check(f"{mode}: once", texts("/logs/dynamic/stdout"), ["line 0 of standard output"])
    p = run(["sh", "-c", "echo $LD_PRELOAD; echo $RETAP_RUN"], ["--wrap-fds", "pipe"])
    check("nothing is loaded", p.stdout, b"\n\n")
    musl = build("musl", "musl-gcc")
    if musl:
        same("musl", run([musl]), alone([musl]))
        check("musl", texts("/logs/musl/stdout"), ["line 0 of standard output"])
    busybox = shutil.which("busybox")
    if busybox:
        same("busybox", run([busybox, "sh", "-c", "echo hello; echo worse >&2; exit 4"], ["--wrap-fds", "auto"]),
             alone([busybox, "sh", "-c", "echo hello; echo worse >&2; exit 4"]))
        check("busybox", texts("/logs/busybox/stdout") + texts("/logs/busybox/stderr"), ["hello", "worse"])


def test_partly_covered():
    """Go with cgo loads the library, but only what its C code writes passes it."""
    with open("go.go", "w") as f:
        f.write(GO.replace("package main", 'package main\nimport "C"'))
    cgo = build("cgo", "go", "build")
    if not cgo:
        return
    plain = alone([cgo])
    for options in ([], ["--wrap-fds", "auto"]):
        same(f"cgo {options}", run([cgo], options), plain)
        check(f"cgo {options}: reason", why("cgo"), [] if options else ["is a Go program, which writes by system calls of its own"])
        check(f"cgo {options}: rows", texts("/logs/cgo/stdout"), ["line 0 of standard output"] if options else [])


def test_exec_that_fails():
    """What could not be executed is nothing that is not covered."""
    shutil.copy("static", "busy")
    with open("busy", "r+b"):  # ETXTBSY
        p = run(["./busy"])
    check("exit status", p.returncode, 126)
    check("not covered", lib.stats("x.rrd")["not_covered"], [])


def test_death():
    p = run(["./static", "5", "die"], ["--wrap-fds", "pipe"])
    check("killed by", p.returncode, -signal.SIGTERM)
    check("rows", len(texts("/logs/static/stdout")), 5)


def test_much():
    lines = 3000000 if lib.SOAK else 300000
    plain = alone(["./static", str(lines)])
    for mode in ("pipe", "pty"):
        p = run(["./static", str(lines)], ["--wrap-fds", mode])
        check(f"{mode}: exit status", p.returncode, 3)
        check(f"{mode}: every byte", hashlib.sha256(p.stdout).hexdigest(), hashlib.sha256(plain.stdout).hexdigest())
        ledger = lib.stats("x.rrd")["ledger"]
        check(f"{mode}: ledger adds up", ledger["adds_up"], True)
        stdout = lib.stats("x.rrd")["streams"]["stdout"]["rows"]
        if stdout + ledger["dropped"] < lines:
            lib.fail(f"{mode}: {stdout} rows and {ledger['dropped']} dropped of {lines} lines")


def test_binary_output_is_counted():
    data = bytes(range(256)) * 100
    with open("binary", "wb") as f:
        f.write(data)
    p = run(["cat", "binary"], ["--wrap-fds", "pipe"])
    check("bytes", p.stdout, data)
    check("no rows", [e for e in lib.stats("x.rrd")["paths"] if e.endswith("/stdout")], [])
    p = run(["cat", "binary"], ["--wrap-fds", "pipe", "--stdout", "never"])
    check("bytes", p.stdout, data)


def test_reader_that_goes_away():
    command = '"$0" run --wrap-fds pipe -o x.rrd -- yes | head -1; echo ${PIPESTATUS[0]}'
    p = subprocess.run(["bash", "-c", command, lib.RETAP], capture_output=True, timeout=60)
    check("yes ends by SIGPIPE", p.stdout, b"y\n141\n")


def test_what_is_left_behind():
    start = time.time()
    with open("out", "w+b") as out, open("err", "w+b") as err:
        p = subprocess.run([lib.RETAP, "run", "--wrap-fds", "pipe", "-o", "x.rrd", "--", "sh", "-c", "(sleep 2; echo late) & echo early"],
                           stdout=out, stderr=err, timeout=60)
        if time.time() - start > 1.8:
            lib.fail("retap run waited for a process that CMD left behind")
        said = open("err", "rb").read()
        if b"still run" not in said:
            lib.fail(f"nothing is said of what still runs: {said}")
        check("early", open("out", "rb").read(), b"early\n")
        time.sleep(2.3)
        check("late", open("out", "rb").read(), b"early\nlate\n")
    for _ in range(50):
        try:
            if texts("/logs/sh/stdout") == ["early", "late"]:
                break
        except SystemExit:
            pass
        time.sleep(0.1)
    else:
        lib.fail(f"rows {texts('/logs/sh/stdout')}")
    p = run(["sh", "-c", "(sleep 1; echo late) & echo early"], ["--wrap-fds", "pipe", "--wait"])
    check("--wait: output", p.stdout, b"early\nlate\n")
    check("--wait: rows", texts("/logs/sh/stdout"), ["early", "late"])


def test_slow_reader_of_one_stream():
    """The other one goes on, and retap stays until all is passed on."""
    r, w = os.pipe()
    command = "head -c 300000 /dev/zero | tr '\\0' 'x' & echo other >&2; wait"
    p = subprocess.Popen([lib.RETAP, "run", "--wrap-fds", "pipe", "-o", "x.rrd", "--", "sh", "-c", command], stdout=w,
                         stderr=subprocess.PIPE)
    os.close(w)
    check("standard error", p.stderr.readline(), b"other\n")
    time.sleep(0.5)
    check("retap runs on", p.poll(), None)
    n = 0
    while chunk := os.read(r, 65536):
        n += len(chunk)
    os.close(r)
    check("all bytes", (n, p.wait(timeout=20)), (300000, 0))
    p.stderr.close()


def test_collector_dies():
    command = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done"
    p = subprocess.Popen([lib.RETAP, "run", "--wrap-fds", "pipe", "-o", "x.rrd", "--", "sh", "-c", command], stdout=subprocess.PIPE)
    check("it runs", p.stdout.readline(), b"1\n")
    for _ in range(2):
        pid = lib.collector_of(p)
        if not pid:
            lib.fail("no collector")
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
    check("output", (p.stdout.read(), p.wait(timeout=20)), (b"2\n3\n4\n5\n6\n", 0))
    p.stdout.close()
    check("rows", texts("/logs/sh/stdout"), ["1", "2", "3", "4", "5", "6"])


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_until(fd, text, patience=10):
    got = b""
    until = time.time() + patience
    while text not in got and time.time() < until:
        try:
            got += os.read(fd, 1024)
        except OSError:
            break
    if text not in got:
        lib.fail(f"no {text} in {got}")
    return got


def test_terminal():
    """A pseudo terminal stands for the terminal: it is one, it has its size, also after a change, and its bytes come through unchanged."""
    program = "import os, signal, sys, time\n" \
        "say = lambda *_: print(os.isatty(1), *os.get_terminal_size(1), flush=True)\n" \
        "signal.signal(signal.SIGWINCH, say)\nsay()\nfor i in range(60): time.sleep(0.05)\n"
    pid, terminal = pty.fork()
    if pid == 0:
        set_size(0, 30, 90)
        os.execv(lib.RETAP, ["retap", "run", "--wrap-fds", "pty", "-q", "-o", "x.rrd", "--", sys.executable, "-c", program])
    read_until(terminal, b"True 90 30\r\n")
    set_size(terminal, 40, 120)
    read_until(terminal, b"True 120 40\r\n")
    os.kill(pid, signal.SIGTERM)
    try:
        while os.read(terminal, 1024):
            pass
    except OSError:
        pass
    check("ends as CMD", os.waitpid(pid, 0)[1], signal.SIGTERM)
    os.close(terminal)


def test_hint_before_the_start():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(lib.RETAP, ["retap", "run", "-o", "x.rrd", "--", "./static"])
    got = read_until(terminal, b"rows in x.rrd")
    os.waitpid(pid, 0)
    os.close(terminal)
    if not got.startswith(b"retap run: ./static is statically linked: not covered; --wrap-fds auto records its output\r\n"):
        lib.fail(f"no hint: {got}")


def test_exec():
    for mode in ("no", "auto"):
        p = run(["./static"], ["--exec", "--wrap-fds", mode])
        plain = alone(["./static"])
        deadline = time.time() + 5
        while len(p.stdout) < len(plain.stdout) and time.time() < deadline:  # nobody waits for the forwarder
            time.sleep(0.05)
            p.stdout = open("out", "rb").read()
        check(f"--exec --wrap-fds {mode}", (p.returncode, p.stdout), (plain.returncode, plain.stdout))
        while not os.path.exists("x.rrd") or not lib.stats("x.rrd")["footer"]:
            if time.time() > deadline:
                lib.fail("the file is not closed")
            time.sleep(0.05)
        if mode == "auto":
            check("rows", texts("/logs/static/stdout"), ["line 0 of standard output"])
        else:
            check("reason", why("static"), ["is statically linked"])
        os.unlink("x.rrd")


def test_address_sanitizer_with_own_defaults():
    with open("own.c", "w") as f:
        f.write('const char *__asan_default_options(void) { return "exitcode=77"; }\n')
    if not build("own", "gcc", "-fsanitize=address", "own.c"):
        return
    same("own defaults", run(["./own"]), alone(["./own"]))
    check("rows", texts("/logs/own/stdout"), ["line 0 of standard output"])


def test_other_rights():
    """As nobody, a setuid copy of id: it runs as ever, and is told."""
    if os.getuid() or not shutil.which("setpriv"):
        skipped.append("setuid: needs root and setpriv")
        return
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    os.chmod(".", 0o777)
    shutil.copy(shutil.which("id"), "rights")
    os.chmod("rights", 0o4755)
    if any(subprocess.run([*nobody, *command], capture_output=True).returncode for command in ([lib.RETAP, "--version"], ["./rights"])):
        skipped.append("setuid: nobody can't run the programs here")
        return
    for options in ([], ["--wrap-fds", "auto"]):
        same(f"setuid {options}", run(["./rights"], options, "y.rrd", nobody), alone(["./rights"], nobody))
        os.rename("y.rrd", "x.rrd")
        if options:
            check("setuid: rows", len(texts("/logs/rights/stdout")), 1)
        elif not why("rights"):
            lib.fail("setuid: not told")


with open("say.c", "w") as f:
    f.write(SOURCE)
build("static", "gcc", "-static")
passed = 0
for name, test in list(globals().items()):
    if name.startswith("test_") and any(a in name for a in sys.argv[1:] or [""]):
        test()
        passed += 1
skipped = sorted(set(skipped))
for why_not in skipped:
    print("skipped", why_not)
print(f"{passed} passed, 0 failed, {len(skipped)} skipped")
