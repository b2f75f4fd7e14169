#!/usr/bin/env python3
"""Hosts that make life hard for a guest (progs/hostile.c and others): filters that kill, vanishing descriptors, little stack, shared memory, output
before main and after it. They run as without the shim, and what they say is recorded."""
import mmap
import os
import re
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libstage import *  # noqa: E402,F403


def act(name, **more):
    """The act plays in each way; gives the scene."""
    os.dup2(2, 9, inheritable=True)  # where it complains
    return scene(lambda stage: stage.run([compile_program("hostile"), name], pass_fds=(9,)), **more)


@contextlib.contextmanager
def a_sleeping_collector(run):
    """Whoever writes a record is to ring its bell."""
    with open(run.dir + "/run", "r+b") as f:
        page = mmap.mmap(f.fileno(), 2 * RUN_PAGE)
    over = threading.Event()

    def keep_asleep():
        while not over.is_set():
            struct.pack_into("<I", page, RUN_PAGE + 4, 1)
            over.wait(0.0002)
    thread = threading.Thread(target=keep_asleep)
    thread.start()
    try:
        yield lambda: struct.unpack_from("<I", page, RUN_PAGE)[0]
    finally:
        over.set()
        thread.join()
        page.close()


def test_nothing_but_writes_under_a_filter():
    for name in ("filter_prctl", "filter_syscall", "filter_threads"):
        def play(stage):
            if not stage.shim_run:
                return stage.run([compile_program("hostile"), name], pass_fds=(9,))
            with a_sleeping_collector(stage.shim_run) as rung:
                seen = stage.run([compile_program("hostile"), name], pass_fds=(9,))
                true(rung() > 0, "the bell rang before")
            return seen
        os.dup2(2, 9, inheritable=True)
        with scene(play, scrub=sorted_lines) as s:
            equal((name, s.seen.code), (name, 0))
            whole_output(s)
            equal(s.texts("stderr").count("filtered 199"), 1)


def test_no_questions_under_a_filter():
    with act("filter_questions") as s:
        equal(s.seen.code, 0)
        text = [r.data for r in s.run.data("stdout")] + [r.data for r in s.run.data("stderr")]
        equal(sorted(b"".join(text).splitlines()), sorted((s.seen.out + s.seen.err).splitlines()))


def test_no_waiting_under_a_filter():
    def play(stage):
        if stage.shim_run:  # soon full, and willing to wait
            with open(stage.shim_run.dir + "/run", "r+b") as f:
                f.seek(24 + 4 * POOL_SLOTS)
                f.write(struct.pack("<I", 1000000))
            stage.shim_run.limit_lanes(2)
        return stage.run([compile_program("hostile"), "filter_flood"], pass_fds=(9,), timeout=5)
    os.dup2(2, 9, inheritable=True)
    with scene(play, retap=False) as s:
        equal(s.seen.code, 0)
        true(0 < s.run.text("stderr").count(b"f" * 99) < 4000, "the lanes were full")


def test_descriptors_closed_by_number():
    with act("closed_by_number") as s:
        equal(s.seen, (0, b"", b"before\nafter\n"))
        equal(s.run.lines("stderr"), [b"after\n", b"before\n"])
        equal(s.run.lines("stdout"), [])


def test_a_child_that_shares_all_memory():
    with act("twin", scrub=sorted_lines) as s:
        equal(s.seen.code, 0)
        for lines in (s.run.lines("stderr"), [t.encode() + b"\n" for t in s.texts("stderr")]):
            equal(sorted(lines), sorted(s.seen.err.splitlines(True)))


def test_little_stack_is_taken():
    def play(stage):
        with open(stage.path("depth"), "wb") as f:
            os.dup2(f.fileno(), 8, inheritable=True)
        seen = stage.run([compile_program("hostile", "-Wl,-z,now"), "depth"], pass_fds=(8, 9))
        return seen, {k.decode(): int(n) for k, n in re.findall(rb"(\w+) (\d+)", slurp(stage.path("depth")))}
    os.dup2(2, 9, inheritable=True)
    depths = []

    def note(seen):
        depths.append(seen[1])
        return seen[0]
    with scene(play, retap=False, scrub=note):
        more = {k: depths[1][k] - depths[0][k] for k in depths[0]}
        if os.environ.get("V"):
            print("    stack taken beyond the call's own:", more, file=sys.stderr)
        for k, most in (("write", 768), ("fputs", 768), ("fprintf", 768), ("syslog", 2048), ("close", 768)):
            true(more[k] <= most, (k, more))
    with act("coroutine") as s:
        whole_output(s)


def test_large_environments_from_small_threads():
    with act("large_environment") as s:
        equal((s.seen.code, s.seen.out, s.seen.err), (0, b"x1400\n" * 4, b"spawned\n" * 4))


def test_a_program_that_writes_over_its_arguments():
    with act("title") as s:
        equal((s.seen.code, s.seen.err), (0, b"retitled\nchild\nexecuted\nparent\n"))
        equal(s.run.lines("stderr"), sorted(s.seen.err.splitlines(True)))
        once(s.texts("stderr"), "child", "executed")


BEFORE_MAIN = r"""#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <syslog.h>
static void say(const char *who) { char b[64]; write(2, b, sprintf(b, "write %s\n", who)); fprintf(stderr, "stdio %s\n", who); }
"""
LIBRARY = BEFORE_MAIN + r"""
static int chosen(void) { return 7; }
static int (*choose(void))(void) { write(2, "resolver\n", 9); return chosen; }
static int by_ifunc(void) __attribute__((ifunc("choose"))); /* resolved after the names that the resolver uses */
__attribute__((constructor)) static void start(void) { say("library constructor"); }
__attribute__((destructor)) static void end(void) { say("library destructor"); }
static void last(void) { say("library atexit"); }
void use(void) { atexit(last); printf("left in the buffer by %d\n", by_ifunc()); }
"""
PROGRAM = BEFORE_MAIN + r"""
void use(void);
static void first(void) { say("preinit"); }
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = first;
__attribute__((constructor)) static void start(void) { say("constructor"); }
__attribute__((destructor)) static void end(void) { say("destructor"); }
static void last(void) { say("atexit"); syslog(LOG_INFO, "logged atexit"); }
int main(int argc, char **argv)
{
    atexit(last);
    use();
    say("main");
    if (argc > 1) _exit(3);
    return 3;
}
"""


def test_output_before_and_after_main():
    for flags in ([], ["-Wl,-z,now"]):
        library = built(LIBRARY, "-shared", "-fPIC", *flags)
        program = built(PROGRAM, library, "-Wl,-rpath," + os.path.dirname(library), *flags)
        with scene(lambda stage: [stage.run([program]), stage.run([program, "_exit"])]) as s:
            equal([p.code for p in s.seen], [3, 3])
            for who in (b"preinit", b"library constructor", b"library destructor", b"library atexit", b"atexit"):
                true(b"write " + who in s.seen[0].err and b"stdio " + who in s.seen[0].err, s.seen[0])
            order = {}
            for r in s.run.data("stderr"):
                order[r.pid] = order.get(r.pid, b"") + r.data
            equal(sorted(order.values()), sorted(p.err.replace(b"resolver\n", b"") for p in s.seen))  # all, in order, but for what ran before any constructor
            equal(s.run.lines("stdout"), [b"left in the buffer by 7\n"])
            equal([m.text for m in s.run.messages("syslog")], [b"logged atexit"])


OWN_WRITE = r"""#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
ssize_t write(int fd, const void *p, size_t n) { return syscall(SYS_write, fd, p, n); }
int close(int fd) { return syscall(SYS_close, fd); }
int rt_shim = 5, rt_real = 6; /* names of ours, were they visible */
int main(void) { write(2, "own write\n", 10); fprintf(stderr, "stdio\n"); close(0); return rt_shim; }"""


# As Erlang has it: what libc has under two names is taken over by one, and reached by the other.
OWN_SIGACTION = r"""#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
static int (*next)(int, const struct sigaction *, struct sigaction *);
static ssize_t (*next_write)(int, const void *, size_t);
int sigaction(int s, const struct sigaction *a, struct sigaction *o) { return next(s, a, o); }
ssize_t write(int fd, const void *p, size_t n) { return next_write(fd, p, n); }
static void handle(int s) { write(2, "handled\n", 8); _exit(3); }
int main(void)
{
    struct sigaction a = {.sa_handler = handle};
    next = dlsym(RTLD_NEXT, "__sigaction");
    next_write = dlsym(RTLD_NEXT, "__write");
    sigaction(SIGABRT, &a, NULL);
    sigaction(SIGUSR1, &a, NULL);
    raise(SIGUSR1);
    return 4;
}"""


def test_programs_with_functions_of_the_same_names():
    with scene(lambda stage: stage.run([built(OWN_SIGACTION, "-ldl", "-rdynamic")])) as s:
        equal((s.seen.code, s.run.lines("stderr")), (3, [b"handled\n"]))
    with scene(lambda stage: stage.run([built(OWN_WRITE, "-rdynamic")])) as s:
        equal(s.seen.code, 5)
        equal(sorted(s.run.lines("stderr")), [b"own write\n", b"stdio\n"])


def test_a_start_without_descriptors():
    program = built(r"""#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    int fd = open("file", O_WRONLY | O_CREAT, 0600);
    write(1, "one\n", 4); write(2, "two\n", 4); fprintf(stderr, "three\n"); printf("four\n");
    return fd * 10 + fcntl(1, F_GETFD) + fcntl(2, F_GETFD) + 2;
}""")

    def play(stage):
        return [(stage.run(["sh", "-c", "exec %s; exec %s" % (how, program)]), slurp(stage.path("file"))) for how in ("<&- >&- 2>&-", ">&- 2>&-", "2>&-", "<&-")]
    with scene(play) as s:
        equal([seen[0].code for seen in s.seen], [0, 11, 22, 2])  # a closed descriptor says -1
        equal(b"".join(s.run.lines("stderr")), b"three\ntwo\n")
        equal(sorted(s.run.lines("stdout")), sorted([b"four\n", b"one\n"] * 2))


if __name__ == "__main__":
    main(globals())
