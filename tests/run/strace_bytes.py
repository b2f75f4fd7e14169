"""The bytes that strace counts on standard output and standard error equal those that retap counted there, program by program, for the real programs
of tests/preload/programs.txt (those that are installed; at least thirty). Both are named files, so that a stream is known however it was passed on."""
import os
import re
import shutil
import subprocess
import sys

from run import librun as lib

sys.path.insert(0, os.path.join(os.environ["RETAP_SRC"], "tests/preload"))
from test_programs import environment, programs  # noqa: E402

CALLS = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice,tee,vmsplice,copy_file_range"
TARGET = {"splice": 2, "tee": 1, "copy_file_range": 2}  # which argument is written to; else the first
UNTRACED = {"tracer"}  # a process has one tracer
LEAST = 30


def run(work, *argv):
    """Runs @argv in a fresh directory with standard output and error in the files out and err."""
    shutil.rmtree(work, ignore_errors=True)
    os.mkdir(work)
    with open("out", "wb") as out, open("err", "wb") as err:
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=work, env=environment(), timeout=60)


def traced(path):
    """Bytes written by file, of a trace with the names of descriptors (-y)."""
    open_calls, total = {}, {}
    with open(path, errors="replace") as f:
        for line in f:
            pid, rest = line.split(None, 1)
            if rest.endswith("<unfinished ...>\n"):
                open_calls[pid] = rest[:-len("<unfinished ...>\n")]
                continue
            resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
            if resumed:
                rest = open_calls.pop(pid) + resumed[1]
            m = re.match(r"(\w+)\((.*)\) += (\d+)", rest)
            if not m:
                continue
            names = re.findall(r"(?:^|, )\d+<([^>]*)>", m[2])
            where = names[-1] if m[1] in TARGET and len(names) > 1 else names[0] if names else None
            total[where] = total.get(where, 0) + int(m[3])
    return total


def counts(case, command):
    """(bytes on out, bytes on err) as strace counts them, and as retap does."""
    here = os.getcwd()
    argv = ["sh", "-c", command]
    run("work", "strace", "-f", "-y", "-qq", "-s", "0", "-e", "trace=" + CALLS, "-e", "signal=none", "-o", here + "/trace", *argv)
    total = traced("trace")
    sizes = os.path.getsize("out"), os.path.getsize("err")
    theirs = total.get(here + "/out", 0), total.get(here + "/err", 0)
    run("work", lib.RETAP, "run", "-q", "-o", here + "/bytes.rrd", "--", *argv)
    s = lib.stats("bytes.rrd")["streams"]
    byte = {name: stream.get("bytes", 0) for name, stream in s.items()}
    ours = byte["stdout"] + byte.get("data", 0), byte["stderr"]
    if (os.path.getsize("out"), os.path.getsize("err")) != sizes:
        lib.fail(f"{case}: not the same output each time")
    return theirs, ours


if not shutil.which("strace"):
    print("strace is not installed")
    sys.exit(77)
done, wrong, total = 0, 0, 0
for case, _, need, command in programs():
    if not shutil.which(need) or case in UNTRACED:
        continue
    theirs, ours = counts(case, command)
    done += 1
    total += sum(theirs)
    if theirs != ours:
        wrong += 1
        print(f"FAILED: {case}: strace counts {theirs} bytes on standard output and error, retap {ours}")
if done < LEAST:
    print(f"only {done} programs are installed")
print(f"{done} programs, {total} bytes")
sys.exit(1 if wrong else 77 if done < LEAST else 0)
