#!/usr/bin/env python3
"""What the C API costs, ours against the official C SDK, measured by the same program (tests/bench/sdk.c) by turns in one run.

sdk.py [--quick] [--loaded] [FIGURE...]: without figures all. --loaded: as many busy processes as there are processors run beside.
Each figure is one line: what, ours and the official one (medians), their ratio as median (smallest to largest), and the aim. Files are on
tmpfs. The official library is build/official/librerun_c.so (scripts/setup-official makes it) or $RETAP_OFFICIAL; without it ours are told
alone.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

SRC = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("RETAP_BUILD") or os.path.join(SRC, "build/release")
VENV = os.environ.get("RETAP_VENV") or os.path.join(SRC, "build/venv")
SDK = os.path.join(BUILD, "tests/bench/sdk")
LIBRARIES = {"ours": os.path.join(BUILD, "libretap.so"),
             "official": os.environ.get("RETAP_OFFICIAL") or os.path.join(SRC, "build/official/librerun_c.so")}
CPUS = os.cpu_count()

# name: (arguments, variables, repetitions); rows are a tenth of it with --quick
RUNS = {
    "one": ("log rows=200000", {}, 5),
    "two": ("log rows=200000 threads=2", {}, 5),
    "eight": ("log rows=200000 threads=8", {}, 5),
    "paced": ("log rows=300000 rate=300000", {}, 5),
    "current": ("log rows=200000 scope=current", {}, 3),
    "own": ("log rows=200000 threads=2 scope=own", {}, 3),
    "off": ("log rows=1000000", {"RERUN": "off"}, 5),
    "arrow": ("arrow rows=1000000", {}, 5),
    "columns": ("columns rows=1000000 batch=10000", {}, 5),
    "hundreds": ("columns rows=100000 batch=100", {}, 5),
    "slow": ("slow rows=60 rate=20", {}, 1),
    "error": ("fresh rows=7 level=ERROR", {}, 1),
    "info": ("fresh rows=7 level=INFO", {}, 1),
    "start": ("start", {}, 5),
    "spawn": ("spawn rows=20 -- {sdk} {lib} start file={file}", {}, 3),
    "bare": ("spawn rows=20 -- true", {}, 3),
    "exit": ("exit rows=10000 rate=10000", {}, 1),
    "kill": ("kill rows=10000 rate=10000", {}, 1),
    "abort": ("abort rows=10000 rate=10000", {}, 1),
    "text": ("text rows=1000000", {}, 3),
    "logf": ("logf rows=1000000", {}, 3),
    "big": ("log rows=10000000", {}, 1),
    "staged": ("log rows=200000", {"RETAP_COLLECT": "1"}, 5),
    "staged_paced": ("log rows=300000 rate=300000", {"RETAP_COLLECT": "1"}, 5),
    "staged_kill": ("kill rows=10000 rate=10000", {"RETAP_COLLECT": "1"}, 1),
}
ONLY_OURS = {"text", "logf", "big", "staged", "staged_paced", "staged_kill"}
KEPT = {"exit", "kill", "abort", "staged_kill"}


class Missing(Exception):
    pass


class Measures:
    """Runs what a figure asks for, once; repetitions go by turns between the libraries."""

    def __init__(self, place, quick):
        self.place, self.quick, self.done = place, quick, {}

    def once(self, name, library):
        args, variables, _ = RUNS[name]
        file = os.path.join(self.place, "x.rrd")
        for f in os.listdir(self.place):
            os.unlink(os.path.join(self.place, f))
        if self.quick:
            args = re.sub(r"rows=(\d+)0\b", r"rows=\1", args)
        args = args.format(sdk=SDK, lib=LIBRARIES[library], file=file).split()
        if args[0] != "spawn":
            args.append("file=" + file)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("RERUN", "RETAP"))}
        p = subprocess.run([SDK, LIBRARIES[library], *args], env={**env, **variables}, capture_output=True, text=True)
        if name in KEPT:
            rows = dict(w.split("=") for w in args if "=" in w)["rows"]
            wait_for_close(file, 5 if "RETAP_COLLECT" in variables else 0)
            return {"kept": rows_in(file) / float(rows)}
        if p.returncode:
            raise Missing(f"{name}, {library}: {p.stderr.strip() or p.returncode}")
        return {k: float(v) for k, v in (line.split() for line in p.stdout.splitlines())}

    def libraries(self, name):
        return ["ours"] if name in ONLY_OURS or not os.path.exists(LIBRARIES["official"]) else ["ours", "official"]

    def values(self, name, metric, library):
        if name not in self.done:
            self.done[name] = {lib: [] for lib in LIBRARIES}
            for i in range(1 if self.quick else RUNS[name][2]):
                for lib in self.libraries(name)[::-1 if i % 2 else 1]:
                    self.done[name][lib].append(self.once(name, lib))
        return [run[metric] for run in self.done[name][library]]


def wait_for_close(file, seconds):
    """A collector closes the file when it sees that its program is gone."""
    until = time.time() + seconds
    while time.time() < until:
        p = subprocess.run([os.path.join(BUILD, "retap"), "stats", "--json", file], capture_output=True, text=True)
        if p.returncode == 0 and json.loads(p.stdout)["footer"]:
            break
        time.sleep(0.05)


def rows_in(file):
    import rerun_cli
    cli = os.path.join(os.path.dirname(rerun_cli.__file__), "rerun")
    text = subprocess.run([cli, "rrd", "print", file], capture_output=True, text=True, env={**os.environ, "CI": "1"}).stdout
    return sum(int(m[1]) for m in re.finditer(r"^Chunk\(.* with (\d+) rows .* - /logs/app ", text, re.M))


def amount(values, unit):
    v = statistics.median(values)
    return f"{v:,.0f}{unit}" if v >= 100 else f"{v:.3g}{unit}"


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def against_official(what, run, metric, unit, aim):
    """aim: "≤ 0.1" or "≥ 8", of the ratio ours / official."""
    def tell(m):
        ours, official = m.values(run, metric, "ours"), m.values(run, metric, "official")
        if not official:
            return f"{what}: {amount(ours, unit)}; aim {aim} × official, which is not here"
        ratios = [a / b for a, b in zip(ours, official) if b]
        ratio = f", ratio {spread(ratios)}" if ratios else ""
        return f"{what}: {amount(ours, unit)}, official {amount(official, unit)}{ratio}, aim {aim}"
    return tell


def by_itself(what, run, metric, unit, aim):
    def tell(m):
        official = m.values(run, metric, "official")
        beside = f", official {amount(official, unit)}" if official else ""
        return f"{what}: {amount(m.values(run, metric, 'ours'), unit)}{beside}, aim {aim}"
    return tell


def threads_cpu(what, run, aim):
    def tell(m):
        r = {lib: [a / b for a, b in zip(m.values(run, "caller_cpu_ns", lib), m.values("one", "caller_cpu_ns", lib))] for lib in LIBRARIES}
        official = f", official {statistics.median(r['official']):.2f}" if r["official"] else ""
        return f"{what}: ratio {spread(r['ours'])}{official}, aim {aim}"
    return tell


def threads_rate(what, run, aim):
    def tell(m):
        most = 1e9 * CPUS / statistics.median(m.values(run, "whole_cpu_ns", "ours"))
        rates = m.values(run, "rows_a_second", "ours")
        official = m.values(run, "rows_a_second", "official")
        beside = f", official {amount(official, '/s')}" if official else ""
        return f"{what}: {amount(rates, '/s')} of the {most:,.0f}/s that the processors allow{beside}, ratio {spread([r / most for r in rates])}, aim {aim}"
    return tell


def against_spdlog(what, run, aim):
    """Both by turns: spdlog writes the same line to a file."""
    def tell(m):
        ours, theirs = [], []
        for _ in range(1 if m.quick else RUNS[run][2]):
            ours.append(m.once(run, "ours")["caller_cpu_ns"])
            p = subprocess.run([os.path.join(BUILD, "tests/bench/spdlog"), run, "rows=1000000", "file=" + os.path.join(m.place, "x.log")],
                               text=True, capture_output=True, check=True)
            theirs.append(float(re.search(r"^caller_cpu_ns (.*)$", p.stdout, re.M)[1]))
        return f"{what}: {amount(ours, ' ns')}, spdlog {amount(theirs, ' ns')}, ratio {spread([a / b for a, b in zip(ours, theirs)])}, aim {aim}"
    return tell


def start_cost(m):
    """By turns with `true`, and the least of each: what else runs only adds."""
    libraries, bare, spent = m.libraries("spawn"), [], {}
    for _ in range(1 if m.quick else 9):
        bare.append(m.once("bare", "ours")["spawn_us"])
        for lib in libraries:
            spent.setdefault(lib, []).append(m.once("spawn", lib)["spawn_us"])
    parts = [f"{lib} {min(us):,.0f} µs, {min(us) / min(bare):.2f} × true" for lib, us in spent.items()]
    return f"start, one row, closed file: {'; '.join(parts)} ({min(bare):,.0f} µs), aim ≤ 1.8"


def disabled(m):
    """What the call alone costs, the least of each: the arrays of the row, which a disabled call must release, are taken off."""
    ns = {lib: max(min(m.values("off", "caller_cpu_ns", lib)) - min(m.values("arrow", "caller_cpu_ns", lib)), 0.1) for lib in m.libraries("off")}
    beside = f", official {ns['official']:,.0f} ns, ratio {ns['ours'] / ns['official']:.3f}" if "official" in ns else ""
    return f"processor time of a call with RERUN=off: {ns['ours']:.1f} ns{beside}, aim ≤ 0.01"


FIGURES = {
    "caller": against_official("caller's processor time a row", "one", "caller_cpu_ns", " ns", "≤ 0.10"),
    "paced": against_official("a row at 300,000 a second, wall", "paced", "call_ns", " ns", "≤ 0.08"),
    "p99": against_official("… p99", "paced", "call_p99_ns", " ns", "≤ 0.02"),
    "p999": against_official("… p99.9", "paced", "call_p999_ns", " ns", "≤ 0.05"),
    "worst": against_official("… worst", "paced", "call_worst_ns", " ns", "≤ 0.3"),
    "arrow": by_itself("… of which the Arrow arrays of the row", "arrow", "caller_cpu_ns", " ns", "none"),
    "two": threads_cpu("caller's processor time a row, 2 threads against one", "two", "≤ 1.05"),
    "eight": threads_cpu("caller's processor time a row, 8 threads against one", "eight", "≤ 1.05"),
    "own": threads_cpu("… 2 threads, a stream each, against one", "own", "≤ 1.05"),
    "current": threads_cpu("… into the thread's current recording, against by handle", "current", "≤ 1.05"),
    "staged": threads_cpu("… staged through a collector, against the thread's own lane", "staged", "none"),
    "staged_paced": by_itself("a row at 300,000 a second, staged, wall", "staged_paced", "call_ns", " ns", "none"),
    "rate": against_official("rows a second into a closed file, 1 thread", "one", "rows_a_second", "/s", "≥ 8"),
    "rate2": threads_rate("rows a second, 2 threads", "two", "≥ 0.9"),
    "rate8": threads_rate("rows a second, 8 threads", "eight", "≥ 0.9"),
    "whole": against_official("whole processor time a row", "one", "whole_cpu_ns", " ns", "≤ 0.08"),
    "busy": against_official("bytes a row, busy", "one", "bytes_a_row", " B", "≤ 0.95"),
    "quiet": against_official("bytes a row, 60 rows at 20 a second", "slow", "bytes_a_row", " B", "≤ 0.35"),
    "ticks": against_official("processor time a row, 20 rows a second", "slow", "whole_cpu_us", " µs", "≤ 0.3"),
    "columns": against_official("send_columns of 10000, rows a second", "columns", "rows_a_second", "/s", "≥ 1.0"),
    "hundreds": against_official("send_columns of 100, rows a second", "hundreds", "rows_a_second", "/s", "≥ 1.5"),
    "off": disabled,
    "start": start_cost,
    "file": against_official("a file of one row", "start", "file_bytes", " B", "≤ 0.6"),
    "memory": against_official("peak memory for 200,000 rows", "one", "peak_kb", " KiB", "≤ 0.15"),
    "row_memory": against_official("memory of a process with one row", "start", "peak_kb", " KiB", "≤ 0.5"),
    "big_memory": by_itself("peak memory for 10,000,000 rows", "big", "peak_kb", " KiB", "≤ 65,536"),
    "threads": by_itself("threads before the first row", "start", "threads_before_row", "", "0"),
    "threads1": by_itself("threads after it", "start", "threads_after_row", "", "≤ 1"),
    "allocations": by_itself("allocations a row in the call", "one", "allocations_in_calls", "", "0"),
    "allocations1": by_itself("allocations a row in threads of the library", "one", "allocations_elsewhere", "", "0"),
    "error": against_official("a row of level ERROR is in the file after", "error", "in_file_ms", " ms", "≤ 0.2"),
    "info": by_itself("a row of level INFO is in the file after", "info", "in_file_worst_ms", " ms (worst)", "≤ 200"),
    "exit": by_itself("rows kept at exit() without free", "exit", "kept", "", "1"),
    "kill": by_itself("rows kept at SIGKILL", "kill", "kept", "", "≥ 0.98 (a tick)"),
    "staged_kill": by_itself("rows kept at SIGKILL, staged through a collector", "staged_kill", "kept", "", "1"),
    "abort": by_itself("rows kept at abort()", "abort", "kept", "", "≥ 0.98 (a tick)"),
    "text": against_spdlog("rr_log_text, a ready line, caller's processor time", "text", "≤ 0.4"),
    "logf": against_spdlog("rr_logf of five values, caller's processor time", "logf", "≤ 1.0"),
}


def sizes():
    texts = []
    for lib, path in LIBRARIES.items():
        if os.path.exists(path):
            with tempfile.NamedTemporaryFile() as f:
                subprocess.run(["strip", "--strip-unneeded", "-o", f.name, path], check=True)
                needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True).stdout.count("(NEEDED)")
                texts.append(f"{lib} {os.path.getsize(f.name) / 1e6:.2f} MB stripped, {needed} libraries needed")
    return f"library: {'; '.join(texts)}, aim ≤ 0.47 MB"


FIGURES["size"] = lambda m: sizes()


def figures(names=(), quick=False):
    """Yields one line a figure."""
    with tempfile.TemporaryDirectory(prefix="retap-bench-", dir="/dev/shm") as place:
        m = Measures(place, quick)
        for name in names or FIGURES:
            try:
                yield FIGURES[name](m)
            except (Missing, KeyError, OSError, subprocess.CalledProcessError) as e:
                yield f"{name}: not measured: {e}"


def main():
    with open("/proc/cpuinfo") as f:
        model = next((l.split(":")[1].strip() for l in f if l.startswith("model name")), os.uname().machine)
    print(f"{' '.join(sys.argv)}: {CPUS} CPUs, {model}, Linux {os.uname().release}, load {os.getloadavg()[0]:.1f}", flush=True)
    load = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(CPUS if "--loaded" in sys.argv else 0)]
    try:
        for line in figures([a for a in sys.argv[1:] if not a.startswith("-")], "--quick" in sys.argv):
            print("  " + line, flush=True)
    finally:
        for p in load:
            p.kill()


if __name__ == "__main__":
    main()
