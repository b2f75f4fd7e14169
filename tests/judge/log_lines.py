"""Log lines from C, C++17 and GLib programs, built as a user would, and read back by the official SDK and tools.

Exit 0, 1 with the reason, or 77 when the SDK is not installed."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("RETAP_BUILD", "build/release"))
try:
    import pyarrow as pa
    import rerun_cli
    from rerun.chunk import RrdReader
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)
RERUN = os.path.join(os.path.dirname(rerun_cli.__file__), "rerun")
place = tempfile.mkdtemp(prefix="retap-logging-")


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


def build(source, *more):
    """A program that is linked to libretap.so."""
    lib, include = os.path.join(place, "lib"), os.path.join(place, "include/retap")
    if not os.path.isdir(lib):
        os.makedirs(lib)
        os.makedirs(include)
        for name in os.listdir(BUILD):
            if name.startswith("libretap") and name.endswith(".so"):
                os.symlink(os.path.join(BUILD, name), os.path.join(lib, name + ".0"))
        os.symlink(os.path.join(SRC, "bridges/handler/glib/glib.h"), os.path.join(include, "glib.h"))
    program = os.path.join(place, os.path.basename(source) + ".out")
    compiler = ["g++", "-std=c++17", "-Wall", "-Wextra", "-pedantic"] if source.endswith(".cc") else ["gcc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra"]
    done = subprocess.run([*compiler, "-Werror", "-O1", os.path.join(SRC, "tests/judge/log_lines", source), "-o", program, "-I", os.path.join(SRC, "sdk/include"),
                           "-I", os.path.join(place, "include"), "-L", BUILD, "-Wl,-rpath," + lib, *more, "-lretap"], text=True, capture_output=True)
    check(done.returncode == 0, source, "does not compile:", done.stderr[-3000:])
    return program


def run(program):
    """Returns (its exit code, its standard error, the rows of each entity, what tools said)."""
    path = os.path.join(place, "out.rrd")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RERUN", "RETAP"))}
    done = subprocess.run([program, path], text=True, capture_output=True, env=env)
    told = subprocess.run([RERUN, "rrd", "print", path], text=True, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
    check(told.returncode == 0 and not re.search(r"\b(WARN|ERROR)\b|panicked", told.stderr), "rerun rrd print:", told.stderr[-2000:])
    return done.returncode, done.stderr, rows_of(path), path


def rows_of(path):
    """{entity: rows by time}; a row is {component: value or list}, what is empty left out, the names of archetypes too where they are plain."""
    entities = {}
    for chunk in RrdReader(path).stream().to_chunks():
        batch = chunk.to_record_batch()
        names = [n for n in batch.schema.names if n != "rerun.controls.RowId"]
        columns = {n: batch.column(n) for n in names}
        for n, c in columns.items():
            check(n in ("log_time", "step", "log_tick") or c.null_count == 0, chunk.entity_path, n, "has nulls: viewers would show the row before")
        for i in range(batch.num_rows):
            row = {}
            for n, c in columns.items():
                v = c[i].cast(pa.int64()).as_py() if n == "log_time" else c[i].as_py()
                if isinstance(v, list):
                    v = v[0] if len(v) == 1 else v
                if v != [] and v is not None:
                    row[n.split(":")[-1]] = v
            entities.setdefault(chunk.entity_path, []).append(row)
    for rows in entities.values():
        rows.sort(key=lambda r: r.get("log_time", 0))
    return entities


def without(row, *names):
    return {k: v for k, v in row.items() if k not in names}


def compare(who, got, want):
    check(sorted(got) == sorted(want), who, "entities", sorted(got), "instead of", sorted(want))
    for entity, rows in want.items():
        found = [without(r, "log_time") for r in got[entity]]
        check(len(found) == len(rows), who, entity, len(found), "rows:", found)
        for f, w in zip(found, rows):
            check(f == w, who, entity, f, "instead of", w)


def line_of(source, text):
    with open(os.path.join(SRC, "tests/judge/log_lines", source)) as f:
        return next(i for i, line in enumerate(f, 1) if text in line)


def site(source, text, function):
    return {"file": os.path.join(SRC, "tests/judge/log_lines", source), "line": line_of(source, text), "function": function}


def judge_c():
    status, err, got, path = run(build("lines.c"))
    check(status == 0, "lines.c ended with", status, err)
    check("retap: a logged text is not UTF-8" in err, "no warning of the bad byte:", err)
    compare("C", got, {
        "/ready": [{"text": "plain", "level": "INFO"}, {"text": "no level"}, {"text": "grüße", "level": "my level"},
                   {"text": "bad \ufffd byte", "level": "ERROR"}, {"text": "", "level": "WARN"}, {"text": "x" * 5000, "level": "DEBUG"},
                   {"text": "cut", "level": "TRACE"}],
        "/fields": [{"text": "one", "level": "INFO", "joint": 3, "nm": [1.5, -2], "who": "arm", "up": True},
                    {"text": "two", "level": "INFO", "joint": 4, "big": 2**64 - 1}, {"text": "three", "level": "INFO"}],
        "/step": [{"text": "at step 7", "level": "INFO", "step": 7}],
        "/static": [{"text": "for ever", "level": "INFO", "color": 0x11223344}],
        "/formatted": [{"text": "joint 3 reached", "level": "INFO", "template": "joint %d reached", **site("lines.c", "joint %d", "formatted_lines")},
                       {"text": "41.70 Nm in the elbow", "level": "WARN", "template": "%.2f Nm in %s", **site("lines.c", "%.2f", "formatted_lines")},
                       {"text": "bare"}],
        "/handled/net/http": [{"text": "request", "level": "DEBUG", "file": "net.c", "line": 12, "function": "serve"}],
        "/handled/other": [{"text": "wanted!", "level": "WARN"}],
        "/signal": [{"text": "caught", "level": "CRITICAL"}],
    })
    check(got["/handled/net/http"][0]["log_time"] == 1700000000000000000, "the record's own time")
    check("log_time" not in got["/static"][0], "static rows have no time")
    verified = subprocess.run([RERUN, "rrd", "verify", path], text=True, capture_output=True)
    check(verified.returncode == 0, "rerun rrd verify:", verified.stdout, verified.stderr)


def judge_cpp():
    status, err, got, _ = run(build("lines.cc"))
    check(status == 0 and not err, "lines.cc ended with", status, err)
    compare("C++", got, {
        "/ready": [{"text": "from C++", "level": "INFO"}, {"text": "fields", "level": "INFO", "joint": 3, "who": "arm"}, {"text": "options", "level": "ERROR"}],
        "/formatted": [{"text": "from C++ 17", "level": "INFO", "template": "%s %d", **site("lines.cc", "%s %d", "main")}],
        "/a/b": [{"text": "hello!", "level": "INFO"}],
    })


def judge_glib():
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "glib-2.0"], text=True, capture_output=True)
    if flags.returncode != 0 or not os.path.exists(os.path.join(BUILD, "libretap-glib.so")):
        print("GLib is not installed: its adapter was not judged")
        return
    status, err, got, _ = run(build("glib.c", "-lretap-glib", *flags.stdout.split()))
    check(status == -5, "g_error ends a program by SIGTRAP, not", status)
    check("torque high" in err and "nothing to hold on to" in err, "GLib's own writer was silent:", err)
    compare("GLib", got, {
        "/logs/robot/arm": [{"text": "joint 3 reached", "level": "INFO", **site("glib.c", "g_message(", "main")},
                            {"text": "torque high", "level": "WARN", **site("glib.c", "g_warning(", "main")},
                            {"text": "nothing to hold on to", "level": "CRITICAL", **site("glib.c", "g_error(", "main")}],
        "/logs/net": [{"text": "served in 12 ms", "level": "DEBUG", "REQUEST": "4711"}],
    })


try:
    judge_c()
    judge_cpp()
    judge_glib()
finally:
    shutil.rmtree(place)
print("lines from C, C++ and GLib read back as they were logged")
