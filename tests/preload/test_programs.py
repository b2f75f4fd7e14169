#!/usr/bin/env python3
"""Real programs (programs.txt): stdout, stderr and exit status are the same, byte for byte, alone, under the shim, and under `retap run`; and
what the shim recorded is what they wrote."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403


def programs():
    """Yields (case, whether stdout may be counted, executable, command); a line that does not begin like a case goes on with the last."""
    found = []
    with open(here("programs.txt")) as f:
        for line in f:
            case = re.match(r"([\w-]+)(\*?)\s{2,}(\S+)\s{2,}(.*)", line)
            if line.startswith("#"):
                continue
            if case:
                found.append(list(case.groups()))
            elif found and line.strip():
                found[-1][3] += "\n" + line.rstrip("\n")
    return [(c, star == "*", need, command) for c, star, need, command in found]


def run_alone(argv, cwd):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=environment(), timeout=60)
        out.seek(0)
        err.seek(0)
        return p.returncode, out.read(), err.read()


def environment():
    return {k: v for k, v in os.environ.items() if not k.startswith(("RETAP", "LD_PRELOAD"))} | {"LC_ALL": "C", "SEEN": "1"}


def check(case, may_count, command):
    argv = ["sh", "-c", command]
    # the same path for every run: some programs print where they are
    work = os.path.join(tempfile.gettempdir(), "retap-programs-%d" % os.getpid())

    def fresh():
        shutil.rmtree(work, ignore_errors=True)
        os.mkdir(work)
        return work

    try:
        code, out, err = run_alone(argv, fresh())
        with Run(segments=60) as run:
            p = run.program(argv, cwd=fresh(), env={"LC_ALL": "C", "SEEN": "1"}, timeout=60)
            equal((p.returncode, p.stdout, p.stderr), (code, out, err))
            recorded, counted = run.lines("stdout"), run.counted()
            if may_count:
                equal(sum(map(len, recorded)) + counted, len(out))
            else:
                equal(b"".join(recorded), b"".join(sorted(out.splitlines(True))))
                equal(counted, 0)
            equal(b"".join(run.lines("stderr")), b"".join(sorted(err.splitlines(True))))
        retap = build_dir() + "/retap"
        if os.path.exists(retap):
            got = run_alone([retap, "run", "-q", "-o", work + "-r.rrd", "--", *argv], fresh())
            if code < 0:
                got = (got[0],) + got[1:]
            equal(got, (code, out, err))
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if os.path.exists(work + "-r.rrd"):
            os.unlink(work + "-r.rrd")


def case_of(case, may_count, need, command):
    def test():
        if not shutil.which(need):
            raise Skip(need + " is not installed")
        check(case, may_count, command)
    return test


if __name__ == "__main__":
    main({"test_" + case: case_of(case, *rest) for case, *rest in programs()})
