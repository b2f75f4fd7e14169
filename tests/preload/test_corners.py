#!/usr/bin/env python3
"""Moments at which a hook must not wait, and states of a FILE that few programs get into (progs/corners.c). The program ends as without the
shim, and what it printed is recorded."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403
from test_calls import backlogs, modules  # noqa: E402


def act(name):
    plugin, program = compile_program("linked/plugin", "-shared", "-fPIC"), compile_program("corners", "-fno-builtin")
    run = Run()
    seen = run.program([program, name, os.path.relpath(plugin)])
    equal(seen.returncode, 0)
    equal(run.text("stdout"), seen.stdout)
    equal(run.text("stderr"), seen.stderr)
    return run, seen


def test_nobody_waits_for_the_loader():
    run, seen = act("list")
    with run:
        equal(sorted(seen.stderr.splitlines()), [b"beside it", b"in the loader's list"])
    run, seen = act("child")
    with run:
        equal((seen.stdout, b"the child\n" in seen.stderr), (b"0\n", True))
    run, seen = act("constructor")
    with run:
        equal((seen.stdout, seen.stderr), (b"for the first time\n", b"and again\n"))


def test_calls_from_a_library_that_comes_and_goes():
    run, seen = act("plugin")
    with run:
        said = [r for r in run.data("stderr") if r.data == b"from the plugin\n"]
        equal(len(said), 3)
        for r in said:
            told = [path for _, start, end, path, _ in modules(run) if start < r.calls[0].site <= end]
            true(told and os.path.basename(told[-1]).startswith("plugin"), repr(told))


def test_nothing_is_written_to_no_file():
    run, seen = act("nothing")
    with run:
        equal(seen.stdout, b"0\n")


def test_what_was_purged_was_never_printed():
    run, seen = act("purge")
    with run:
        equal(seen.stdout, b"what is printed instead\n")
        equal(b"".join(backlogs(run).values()), b"")


def test_standard_output_in_memory():
    run, seen = act("memory")
    with run:
        equal(seen.stdout, b"")
        equal(b"".join(backlogs(run).values()), b"")


def test_a_handler_prints_at_any_step():
    run, seen = act("interrupted")
    with run:
        true(seen.stdout.count(b"handler") > 50 and seen.stdout.count(b"behind") > 25, "steps were interrupted")


def test_a_handler_jumps_out_at_any_step():
    run, seen = act("jumps")
    with run:
        left = b"".join(backlogs(run).values())
        true(seen.stdout.count(b"more\n") >= 40, "it went on")
        if seen.stdout.count(b"line\n"):  # else there are no steps on this processor
            true(left.endswith(b"never written\n"), repr(left))


if __name__ == "__main__":
    main(globals())
