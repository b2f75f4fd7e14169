#!/usr/bin/env python3
"""Programs that were built with a sanitizer start as ever, find what they find, and are recorded. gcc's AddressSanitizer is a library that
wants to come first; where it would refuse without the shim it refuses with it."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403

ASAN = "-fsanitize=address"


def build(compiler, *flags):
    if not shutil.which(compiler):
        raise Skip(f"no {compiler}")
    os.environ["CC"] = compiler
    try:
        return compile_program("sanitized", *flags, f"-DBY_{compiler}")
    except subprocess.CalledProcessError:
        raise Skip(f"{compiler} {' '.join(flags)} does not work here") from None
    finally:
        del os.environ["CC"]


def alone(argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, **more)


def findings(stderr):
    return re.findall(rb"SUMMARY: \w+: [\w -]+|runtime error: [^\n]*|does not come first", stderr)


def check(program, mistake, env=None):
    for args in ([], [mistake]):
        env_alone = dict(os.environ, **(env or {}))
        plain = alone([program, *args], env=env_alone)
        if not args and plain.returncode != 3:
            raise Skip(f"does not run here: {plain.stderr[:200]!r}")
        with Run() as run:
            tapped = run.program([program, *args], env=env)
            equal(tapped.returncode, plain.returncode)
            equal(tapped.stdout, plain.stdout)
            equal(findings(tapped.stderr), findings(plain.stderr))
            if not args:
                equal(tapped.stderr, plain.stderr)
            true(not args or findings(plain.stderr), f"the sanitizer found nothing: {plain.stderr!r}")
            equal(run.text("stdout"), b"a line on stdout\n")
            true(run.text("stderr").startswith(b"a line on stderr\n"))


def test_gcc_address():
    check(build("gcc", ASAN), "a")


def test_gcc_address_and_undefined():
    check(build("gcc", "-fsanitize=address,undefined"), "a")


def test_gcc_thread():
    check(build("gcc", "-fsanitize=thread"), "t")


def test_gcc_undefined():
    check(build("gcc", "-fsanitize=undefined"), "u")


def test_clang_address():
    check(build("clang", ASAN), "a")


def test_clang_address_as_a_library():
    program = build("clang", ASAN, "-shared-libasan")
    library = subprocess.run(["clang", "-print-file-name=libclang_rt.asan-x86_64.so"], capture_output=True, text=True).stdout.strip()
    check(program, "a", {"LD_LIBRARY_PATH": os.path.dirname(library)})


def test_clang_thread():
    check(build("clang", "-fsanitize=thread"), "t")


def test_options_of_the_user_still_count():
    program = build("gcc", ASAN)
    with Run() as run:
        equal(run.program([program, "a"], env={"ASAN_OPTIONS": "exitcode=9"}).returncode, 9)


def test_started_by_a_shell():
    program = build("gcc", ASAN)
    with Run() as run:
        p = run.program(["sh", "-c", f"echo first; {program}; echo then $?"])
        equal(p.stdout, b"first\na line on stdout\nthen 3\n")
        equal(run.text("stdout"), p.stdout)


def test_order_that_is_wrong_without_us_stays_wrong():
    program = build("gcc", ASAN)
    with tempfile.TemporaryDirectory() as place, Run() as run:
        other = place + "/other.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", other], check=True)
        plain = alone([program], env=dict(os.environ, LD_PRELOAD=other))
        true(b"does not come first" in plain.stderr)
        for order in (f"{shim()}:{other}", f"{other}:{shim()}"):
            p = run.program([program], env={"LD_PRELOAD": order})
            equal((p.returncode, findings(p.stderr)), (plain.returncode, findings(plain.stderr)))


def test_program_with_own_defaults_keeps_them():
    program = build("gcc", ASAN, "-DOWN_DEFAULTS")
    with Run() as run:
        p = run.program([program, "a"], env={"ASAN_OPTIONS": "verify_asan_link_order=0"})
        equal(p.returncode, 77)
        true(findings(p.stderr) and b"does not come first" not in p.stderr)


main(globals())
