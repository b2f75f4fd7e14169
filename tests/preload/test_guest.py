#!/usr/bin/env python3
"""A guest that nobody notices: what the children of real programs find around them, how often memory is asked for, and which system calls are made,
is the same with and without the shim."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from libstage import *  # noqa: E402,F403

PARENTS = {  # AROUND: the program that tells; TOLD: the file it tells into
    "itself": ["AROUND", "TOLD"],
    "sh": ["sh", "-c", "AROUND TOLD; true"],
    "sh exec": ["sh", "-c", "exec 5<&0 7>&1; trap '' USR1; umask 027; ulimit -n 500; exec AROUND TOLD"],
    "bash": ["bash", "-c", "set -m; cd /; (AROUND TOLD x) & wait; AROUND TOLD < /etc/passwd | cat; echo $(AROUND TOLD sub)"],
    "python": ["/usr/bin/python3", "-c", r"""
import os, signal, subprocess, sys
argv = ["AROUND", "TOLD"]
signal.signal(signal.SIGTERM, lambda *_: 0); signal.signal(signal.SIGINT, signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
r, w = os.pipe(); os.set_inheritable(w, True)
subprocess.run(argv, close_fds=False); subprocess.run(argv, env={"A": "1"}); subprocess.run(argv, start_new_session=True, stdout=subprocess.DEVNULL)
os.system("AROUND TOLD system"); os.popen("AROUND TOLD popen").read(); os.waitpid(os.posix_spawn(argv[0], argv, os.environ), 0)
pid = os.fork()
if not pid:
    os.nice(3); os.setsid(); os.execve(argv[0], argv, {})
os.waitpid(pid, 0)
os.execv(argv[0], argv)"""],
    "perl": ["perl", "-e", '$SIG{PIPE} = "IGNORE"; system("AROUND", "TOLD"); open(P, "-|", "AROUND TOLD pipe"); <P>; close P; exec("AROUND", "TOLD", "exec")'],
    "node": ["node", "-e", 'const c = require("child_process"); c.spawnSync("AROUND", ["TOLD"], {stdio: "inherit"}); c.execSync("AROUND TOLD sh")'],
    "ruby": ["ruby", "-e", 'system("AROUND", "TOLD"); `AROUND TOLD quoted`; Process.wait(spawn({"B" => "2"}, "AROUND", "TOLD", :unsetenv_others => true)); exec("AROUND TOLD")'],
    "php": ["php", "-n", "-r", 'system("AROUND TOLD"); pclose(popen("AROUND TOLD p", "r")); proc_close(proc_open(["AROUND", "TOLD"], [], $p));'],
    "make": ["sh", "-c", "printf 'all: a b\\na b:\\n\\tAROUND TOLD $@\\n' > Makefile; make -s; printf 'c:\\n\\t+@AROUND TOLD j\\n' > M2; make -s -j2 -f M2"],
    "find": ["find", "/etc/passwd", "-exec", "AROUND", "TOLD", "{}", ";"],
    "xargs": ["sh", "-c", "echo a b | xargs -n1 AROUND TOLD"],
    "env": ["env", "-i", "PATH=/bin:/usr/bin", "C=3", "AROUND", "TOLD"],
    "wrappers": ["setsid", "-w", "nice", "-n", "5", "nohup", "timeout", "20", "stdbuf", "-oL", "AROUND", "TOLD"],
    "flock": ["flock", "lock", "AROUND", "TOLD"],
    "script": ["script", "-qec", "AROUND TOLD", "/dev/null"],
    "git": ["git", "-c", "alias.look=!AROUND TOLD", "look"],
    "vim": ["vim.tiny", "-u", "NONE", "-es", "-c", "!AROUND TOLD", "-c", "q"],
    "awk": ["awk", 'BEGIN { system("AROUND TOLD"); "AROUND TOLD get" | getline; print "x" | "AROUND TOLD put" }'],
    "gdb": ["gdb", "-nx", "--batch", "-iex", "set debuginfod enabled off", "-ex", "run", "--args", "AROUND", "TOLD"],
    "strace": ["strace", "-f", "-o", "/dev/null", "AROUND", "TOLD"],
    "valgrind": ["valgrind", "-q", "AROUND", "TOLD"],
    "setpriv": ["setpriv", "--no-new-privs", "--inh-caps=-all", "AROUND", "TOLD"],
    "unshare": ["unshare", "-m", "-n", "-u", "AROUND", "TOLD"],
    "java": ["java", "-Xshare:auto", "-XX:-UsePerfData", "-cp", "CLASSES", "Spawn", "AROUND", "TOLD"],
}
SPAWN = """public class Spawn { public static void main(String[] a) throws Exception {
    new ProcessBuilder(a).inheritIO().start().waitFor(); new ProcessBuilder(a[0], a[1], "pipe").start().waitFor(); } }"""


def java_classes():
    classes = os.path.join(build_dir(), "tests/preload/made/java-spawn")
    if shutil.which("javac") and not os.path.exists(classes + "/Spawn.class"):
        with tempfile.TemporaryDirectory() as t:
            with open(t + "/Spawn.java", "w") as f:
                f.write(SPAWN)
            subprocess.run(["javac", "-d", classes, t + "/Spawn.java"], check=True)
    return classes


def test_children_find_the_same_around_them():
    classes = java_classes()
    probes = {"": compile_program("around"), "-static": compile_program("around", "-static")}
    parents = {name: argv for name, argv in PARENTS.items() if shutil.which(argv[0]) or argv[0] == "AROUND"}

    def play(stage):
        told = {}
        for name, argv in parents.items():
            for kind, probe in probes.items():
                if kind and name not in ("itself", "sh", "bash", "python", "make"):
                    continue
                path = stage.path("io/told.%s%s" % (name, kind))
                env = {"SHELL": "/bin/sh"}
                # the launcher gives its command the terminal, the session and the group that it has itself
                seen = stage.run([a.replace("AROUND", probe).replace("TOLD", path.replace(" ", "_")).replace("CLASSES", classes) for a in argv], env=env)
                text = slurp(path.replace(" ", "_"))
                true(text.count(b"errno ") >= 1, (name, seen))
                told[name + kind] = seen.code, scrubbed(text, stage)
        return told
    with scene(play) as s:
        true(len(s.seen) > 15, len(s.seen))


def scrubbed(text, stage):
    # what differs from run to run: a limit that script sets by a time, the terminal's number, and in `retap run` who leads the session
    text = re.sub(rb"/dev/pts/\d+", b"/dev/pts/N", text)
    return re.sub(rb"leader \d \d", b"", text)


def test_no_memory_is_asked_for():
    with scene(lambda stage: stage.run([compile_program("thrifty")]), retap=False) as s:
        equal(s.seen.code, 0)
        asked = int(re.search(rb"asked (\d+) times", s.seen.out)[1])
        true(asked > 0, "its malloc is used")  # scene() saw that the number is the same without the shim
        true(len(s.run.records()) > 2000, "and all was recorded")


def test_no_system_calls_are_made():
    need("strace")

    def play(stage):
        trace = stage.path("trace")
        seen = stage.run(["strace", "-f", "-q", "-o", trace, compile_program("thrifty")])
        calls = [re.sub(rb"^\d+ +", b"", line) for line in slurp(trace).splitlines()]
        marks = [i for i, c in enumerate(calls) if c.startswith(b'write(-1, "mark"')]
        equal((seen.code, len(marks)), (0, 4))
        between = calls[marks[0]:marks[1]] + calls[marks[2]:marks[3]]
        return [re.sub(rb"0x[0-9a-f]+|\w{3} +\d+ \d\d:\d\d:\d\d", b"", c) for c in between]
    with scene(play, retap=False) as s:
        true(len(s.seen) > 2000, len(s.seen))


if __name__ == "__main__":
    main(globals())
