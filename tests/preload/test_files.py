#!/usr/bin/env python3
"""Writes to files that were asked for (RETAP_FILES), seen by the shim alone."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403


def written(run):
    """What was recorded, by path; each thread has told its files before."""
    names, found, results = {}, {}, {}
    for r in run.records():
        key = (r.segment, r.pid, r.tid)
        if r.type == "FILE":
            number, n = struct.unpack_from("<II", r.data)
            equal(n, len(r.data) - 8)
            names[key + (number,)] = r.data[8:].decode()
        elif r.type == "DATA" and r.stream == "file":
            if r.calls:
                origin = r.calls[0].origin
            found.setdefault(names[key + (origin,)], []).append(r.data)
    return {path: b"".join(pieces) for path, pieces in found.items()}


def program(run, script, folder, files="*.log", **more):
    p = run.program([sys.executable, "-c", script, folder], env={"RETAP_FILES": files, "T": folder}, cwd=folder, **more)
    equal((p.returncode, p.stderr), (0, b""))
    return p


def case(script, files="*.log", **how):
    """Gives what was recorded, by path below the folder, and what is in the files."""
    with tempfile.TemporaryDirectory() as t, Run(**how) as run:
        t = os.path.realpath(t)
        program(run, script, t, files)
        contents = {}
        for folder, _, names in os.walk(t):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    contents[os.path.relpath(os.path.join(folder, name), t)] = f.read()
        return {os.path.relpath(k, t): v for k, v in written(run).items()}, contents


def test_other_processes_have_all_scratch_areas():
    # two workers of a server opened their logs anew in one moment, and one of them was not recorded from then on
    got, contents = case('open("x.log", "w").write("text\\n")', scratch=0)
    equal(got, contents)
    equal(got, {"x.log": b"text\n"})


def test_every_way_to_write_a_file():
    script = """import os
o = os.open("w.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(o, b"write\\n"); os.writev(o, [b"wri", b"tev\\n"]); os.pwrite(o, b"pwrite\\n", 0); os.pwritev(o, [b"pwri", b"tev\\n"], 0)
d = os.dup(o); os.write(d, b"dup\\n"); os.dup2(o, 20); os.write(20, b"dup2\\n"); os.close(d); os.close(20)
os.close(o)
r = os.open("w.log", os.O_RDONLY); os.read(r, 1000)
os.sendfile  # counted, not recorded
open("python.log", "w").write("buffered\\n" * 3)
open("other.txt", "w").write("not asked for\\n")
os.mkdir("sub")
d = os.open("sub", os.O_RDONLY)
o = os.open("at.log", os.O_WRONLY | os.O_CREAT, dir_fd=d); os.write(o, b"openat\\n"); os.close(o)
os.chdir("sub")
open(".././/up.log", "w").write("a winding path\\n")
"""
    recorded, contents = case(script)
    equal(recorded, {k: v for k, v in contents.items() if k.endswith(".log")})
    equal(sorted(recorded), ["python.log", "sub/at.log", "up.log", "w.log"])
    equal(recorded["w.log"], b"write\nwritev\npwrite\npwritev\ndup\ndup2\n")


C = r"""#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>
#include <wchar.h>
int main(int argc, char **argv) {
    int again = argc ? O_WRONLY | O_APPEND : O_RDONLY; /* not known when it is compiled */
    FILE *f = fopen("stdio.log", "w"), *g, *r;
    for (int i = 0; i < 2000; i++) fprintf(f, "line %d\n", i);
    fflush(f); fputs("puts\n", f); fclose(f);
    g = fopen("wide.log", "a+"); fwprintf(g, L"wide\n"); fclose(g);
    r = fopen("stdio.log", "r"); fgetc(r); fclose(r);
    int fd = creat("creat.log", 0600); dprintf(fd, "dprintf %d\n", 1); close(fd);
    fd = open("none.txt", O_WRONLY | O_CREAT, 0600); write(fd, "x", 1); close(fd);
    fd = open("creat.log", again); write(fd, "open_2\n", 7); close(fd);
    fd = openat(AT_FDCWD, "creat.log", again); write(fd, "openat_2\n", 9); close(fd);
    freopen("err.log", "a", stderr); fprintf(stderr, "freopened\n"); write(2, "direct\n", 7);
    return 0;
}
"""


def test_stdio():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        t = os.path.realpath(t)
        with open(t + "/p.c", "w") as f:
            f.write(C)
        subprocess.run(["gcc", "-w", "-O2", "-D_GNU_SOURCE", "-D_FORTIFY_SOURCE=2", "-o", t + "/p", t + "/p.c"], check=True)
        equal(run.program([t + "/p"], env={"RETAP_FILES": t + "/*.log"}, cwd=t).returncode, 0)
        want = {}
        for name in "stdio", "wide", "creat", "err":
            with open(t + "/%s.log" % name, "rb") as f:
                want[t + "/%s.log" % name] = f.read()
        equal(written(run), want)
        equal(want[t + "/creat.log"], b"dprintf 1\nopen_2\nopenat_2\n")
        equal(want[t + "/err.log"], b"direct\nfreopened\n")  # libc buffers it
        equal(run.text("stderr"), b"")  # it is a file now


MUSL = r"""#include <stdio.h>
#include <unistd.h>
int main(void) {
    FILE *f = fopen("m.log", "w");
    fprintf(f, "number %d\n", 1); fputs("puts\n", f); fwrite("write\n", 1, 6, f); fflush(f); dprintf(fileno(f), "dprintf %d\n", 2);
    fclose(f);
    f = fopen("m.txt", "w"); fprintf(f, "no\n"); fclose(f);
    return 0;
}
"""


def test_stdio_without_a_slot():
    if not shutil.which("musl-gcc"):
        raise Skip("musl-gcc is not installed")
    with tempfile.TemporaryDirectory() as t, Run() as run:
        t = os.path.realpath(t)
        with open(t + "/m.c", "w") as f:
            f.write(MUSL)
        subprocess.run(["musl-gcc", "-w", "-o", t + "/m", t + "/m.c"], check=True)
        equal(run.program([t + "/m"], env={"RETAP_FILES": "*.log"}, cwd=t).returncode, 0)
        with open(t + "/m.log", "rb") as f:
            true(written(run) == {t + "/m.log": f.read()}, written(run))


def test_a_rotated_file_is_the_same_again():
    script = """import os
for i in range(3):
    with open("r.log", "a") as f:
        f.write("part %d\\n" % i)
    os.rename("r.log", "r.log.%d" % i)
"""
    recorded, contents = case(script)
    equal(recorded, {"r.log": b"part 0\npart 1\npart 2\n"})
    equal(sorted(contents), ["r.log.0", "r.log.1", "r.log.2"])


def test_children_and_programs_inherit():
    script = """import os, sys, threading
o = os.open("i.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(o, b"parent\\n")
t = threading.Thread(target=lambda: os.write(o, b"thread\\n")); t.start(); t.join()
if os.fork() == 0:
    os.write(o, b"child\\n")
    os.dup2(o, 3)
    os.set_inheritable(3, True)
    os.execvp("sh", ["sh", "-c", "echo executed >&3; echo to a new one > new.log; sh -c 'echo deeper' >> i.log"])
os.wait()
"""
    recorded, contents = case(script)
    equal(recorded, contents)
    equal(recorded["i.log"], b"parent\nthread\nchild\nexecuted\ndeeper\n")


def test_a_script_redirects_its_standard_streams():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        t = os.path.realpath(t)
        script = "echo out; exec 2>err.log; echo one >&2; ls /nonexistent-9; echo two > out.log; echo back"
        p = run.program(["sh", "-c", script], env={"RETAP_FILES": "*.log"}, cwd=t)
        equal(p.stdout, b"out\nback\n")
        equal(run.text("stdout"), p.stdout)
        equal(run.text("stderr"), b"")
        with open(t + "/err.log", "rb") as f:
            equal(written(run), {t + "/err.log": f.read(), t + "/out.log": b"two\n"})


def test_devices_and_what_was_not_asked_for_are_left_alone():
    script = """import os
for path in "/dev/null", "/dev/stderr":
    with open(path, "w") as f:
        if path == "/dev/null":
            f.write("gone\\n")
open("a.txt", "w").write("x")
o = os.open("n.log", os.O_WRONLY | os.O_CREAT); os.close(o)
q = os.open("q.txt", os.O_WRONLY | os.O_CREAT); assert q == o; os.write(q, b"the number again\\n")
"""
    recorded, _ = case(script)
    equal(recorded, {})
    recorded, contents = case(script, "**")
    equal(recorded, {k: v for k, v in contents.items() if v})


def test_without_globs_nothing_happens():
    with tempfile.TemporaryDirectory() as t, Run() as run:
        equal(run.program(["sh", "-c", "echo x > x.log"], cwd=t).returncode, 0)
        equal(written(run), {})


def test_paths_are_bounded():
    script = """import os
for i in range(600):
    open("%d.log" % i, "w").write("x")
for i in range(40):
    os.makedirs("d" * 200, exist_ok=True)
    open("d" * 200 + "/%d.log" % i, "w").write("y")
"""
    recorded, _ = case(script)
    equal(len(recorded), 256)


def test_partial_writes_and_failures():
    script = """import os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
o = os.open("f.log", os.O_WRONLY | os.O_CREAT)
assert os.write(o, b"0123456789abcdef") == 10
try:
    os.write(o, b"more")
except OSError:
    pass
"""
    with tempfile.TemporaryDirectory() as t, Run() as run:
        program(run, script, t)
        equal(run.text("file"), b"0123456789")


main(globals())
