"""What rows tell of the calls that made them, through `retap run`: place in the program, format, arguments, curves; over restarts of the
collector, in forked children, and in code that was loaded later."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../preload"))
from run import librun as lib
from shimtest import Skip, equal, main, true

HOST = r"""
#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void heat(double t) { fprintf(stderr, "temp %.1f C\n", t); }
static void child(void) { printf("in the child %s\n", "text"); exit(0); }
int main(int argc, char **argv) {
    if (!strcmp(argv[1], "heat")) {
        for (int i = 0; i < 20; i++)
            heat(21.5 + i);
        fprintf(stderr, "two lines %d\nand %s\n", 7, "more");
        fprintf(stderr, "in ");
        fprintf(stderr, "pieces %d\n", 8);
    } else if (!strcmp(argv[1], "fork")) {
        if (!fork())
            child();
        wait(NULL);
    } else if (!strcmp(argv[1], "children")) {
        for (int i = 0; i < 20; i++) {
            if (!fork()) {
                printf("child %d\n", i);
                kill(getpid(), SIGKILL);
            }
            wait(NULL);
        }
        printf("parent\n");
    } else if (!strcmp(argv[1], "load")) {
        void (*say)(int) = (void (*)(int))dlsym(dlopen(argv[2], RTLD_NOW), "plugin_says");
        say(5);
    } else if (!strcmp(argv[1], "slow")) {
        for (int i = 0; i < 1200; i++) {
            fprintf(stderr, "slow %d of %s\n", i, "many");
            usleep(1000);
        }
    } else {
        printf("written %d\n", 1);
        fflush(stdout);
        printf("left %d\n", 2);
        kill(getpid(), SIGKILL);
    }
}
"""
PLUGIN = '#include <stdio.h>\nvoid plugin_says(int n) { fprintf(stderr, "plugin %d\\n", n); }\n'


def build(name, text, *flags):
    out = os.path.abspath(name)
    with open(name + ".c", "w") as f:
        f.write(text)
    subprocess.run(["gcc", "-O1", "-g", "-fno-inline", "-o", out, name + ".c", *flags], check=True)
    return out


def record(act, *more, options=(), status=0):
    host = build("host", HOST)
    run = lib.start("c.rrd", host, act, *more, options=options, stdout=subprocess.DEVNULL)
    equal(run.wait(timeout=60), status)
    return host, lib.rows("c.rrd", "/logs/**")


def of(rows, source):
    return [r for r in rows if r["path"].endswith("/" + source)]


def test_format_and_arguments():
    host, rows = record("heat")
    rows = of(rows, "stderr")
    equal([(r["template"], r["args"], r["args_num"]) for r in rows[:2]], [("temp %.1f C", ["21.5"], [21.5]), ("temp %.1f C", ["22.5"], [22.5])])
    notes = subprocess.run(["readelf", "-n", host], text=True, capture_output=True).stdout
    equal({(r["function"], r["module"], r["build_id"]) for r in rows[:20]}, {("heat", host, notes.split("Build ID: ")[1].split()[0])})
    where = subprocess.run(["addr2line", "-f", "-e", host, hex(rows[0]["offset"] - 1)], text=True, capture_output=True).stdout
    equal(where.split()[0], "heat")
    # a call of two lines is its first row's; a line of two calls has the place of the first and no format
    equal([(r["text"], r.get("template"), r.get("args")) for r in rows[20:]],
          [("two lines 7", "two lines %d\nand %s", ["7", "more"]), ("and more", None, None), ("in pieces 8", None, None)])
    equal({r["function"] for r in rows[20:]}, {"main"})


def test_less_is_recorded_when_asked():
    _, rows = record("heat", options=("--calls=sites",))
    rows = of(rows, "stderr")
    true(all(r["function"] and "template" not in r and "args" not in r for r in rows), "sites")
    _, rows = record("heat", options=("--calls=none",))
    true(not any("function" in r or "module" in r or "template" in r for r in of(rows, "stderr")), "none")
    equal(len(of(rows, "stderr")), 23)


def test_numbers_become_curves():
    record("heat", options=("--metrics=temp *",))
    paths = lib.stats("c.rrd")["paths"]
    equal({p: n for p, n in paths.items() if p.startswith("/metrics")}, {"/metrics/host/temp\\ \\%.1f\\ C/1": 20})


def test_a_child_has_the_code_of_its_parent():
    _, rows = record("fork", options=("--calls=all",))
    equal([(r["text"], r["function"], r["template"]) for r in of(rows, "stdout")], [("in the child text", "child", "in the child %s")])


def test_code_that_is_loaded_later():
    plugin = build("plugin.so", PLUGIN, "-shared", "-fPIC")
    _, rows = record("load", plugin)
    equal([(r["text"], r["function"], r["module"]) for r in of(rows, "stderr")], [("plugin 5", "plugin_says", plugin)])


def test_what_was_never_written_says_so():
    _, rows = record("die", status=-signal.SIGKILL)
    equal([(r["text"], r.get("flags", 0) & 32) for r in of(rows, "stdout")], [("written 1", 0), ("left 2", 32)])
    s = lib.stats("c.rrd")
    equal((s["streams"]["stdout"]["bytes"], s["ledger"]["unflushed_bytes"]), (len("written 1\n"), len("left 2\n")))


def test_what_children_left_is_told_while_their_parent_lives():
    _, rows = record("children")
    expected = [("child %d" % i, 32) for i in range(20)] + [("parent", 0)]
    equal(sorted((r["text"], r.get("flags", 0) & 32) for r in of(rows, "stdout")), sorted(expected))


def test_over_restarts_of_the_collector():
    host = build("host", HOST)
    run = lib.start("c.rrd", host, "slow", options=("--tick=20ms",))
    killed = 0
    for _ in range(3):
        time.sleep(0.4)  # a batch is taken each 250 ms
        collector = lib.collector_of(run)
        if collector:
            os.kill(collector, signal.SIGKILL)
            killed += 1
    true(killed, "it was killed while the program ran")
    equal(run.wait(timeout=60), 0)
    rows = of(lib.rows("c.rrd", "/logs/**"), "stderr")
    equal([(r["text"], r.get("template"), r.get("args"), r.get("function")) for r in rows],
          [("slow %d of many" % i, "slow %d of %s", [str(i), "many"], "main") for i in range(1200)])


if __name__ == "__main__":
    main(globals())
