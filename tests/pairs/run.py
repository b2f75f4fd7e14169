"""Pairs of programs that log the same things, one in C with retap, one in Python with the official SDK: `rerun rrd compare` finds no
difference between the files that they write.

run.py [NAME...]: all pairs, or those named. NAME.c and NAME.py write the same set of .rrd files into their directory. Both sides send no
properties, set their times by hand and go through `rerun rrd optimize`, since compare sees chunk borders. That compare does see a
difference is a case of its own: a value, a time, an entity changed in one side.
"""
import concurrent.futures
import os
import pprint
import re
import subprocess
import sys
import tempfile
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ["RETAP_BUILD"]
PYTHON = os.path.join(os.environ["RETAP_VENV"], "bin/python")

try:
    import rerun_cli
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)
RERUN = os.path.join(os.path.dirname(rerun_cli.__file__), "rerun")

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DROPPED = {"thread_streams": ["/__properties"]}  # entities that differ by nature: when each side began
CHANGES = {  # what compare has to find, as a change of scalars.py
    "value": ("i % 7 - 3.0", "i % 7 - 3.0 + (i == 50) / 1024"),
    "time": ('rr.set_time("step", sequence=i)', 'rr.set_time("step", sequence=i + (i == 99))'),
    "timeline": ('rr.set_time("step", sequence=i)', 'rr.set_time("steps", sequence=i)'),
    "entity": ('"plot/saw"', '"plot/see"'),
    "row": ("range(100)", "range(99)"),
}


class Difference(Exception):
    pass


def run(command, place):
    """A completed process; other than 0 is a difference."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RERUN", "RETAP"))}
    p = subprocess.run(command, cwd=place, env={**env, "RERUN_LOG_TIME": "0", "CI": "1", "NO_COLOR": "1"}, text=True,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if p.returncode:
        said = (p.stderr + p.stdout).strip()
        raise Difference(f"{os.path.basename(command[0])} {' '.join(command[1:3])} ended with {p.returncode}: {said[:3000]}")
    return p


def recordings(place, command, quiet):
    """Runs a side in a directory of its own. Returns the names of its recordings."""
    os.mkdir(place)
    said = run(command, place).stderr.strip()
    if said and quiet:
        raise Difference(f"{os.path.basename(command[-1])} said: {said[-1000:]}")
    return sorted(f for f in os.listdir(place) if f.endswith(".rrd"))


def comparable(place, file, dropped):
    path, out = os.path.join(place, file), os.path.join(place, file + ".optimized")
    if dropped:
        run([RERUN, "rrd", "filter", *[a for d in dropped for a in ("--drop-entity", d)], "-o", path + ".filtered", path], place)
        path += ".filtered"
    run([RERUN, "rrd", "optimize", path, "-o", out], place)
    return out


def value_of(value, names):
    """Ids of views and containers are random: their names stand for them."""
    if isinstance(value, list) and len(value) == 16 and all(isinstance(v, int) and v < 256 for v in value):
        return names.get(str(uuid.UUID(bytes=bytes(value))), value)
    if isinstance(value, list):
        return [value_of(v, names) for v in value]
    return UUID.sub(lambda m: names.get(m[0], m[0]), value) if isinstance(value, str) else value


def blueprints(path):
    """The blueprints of a recording, which compare does not look at: each as entity → component → values, and how they are activated."""
    text = run([RERUN, "rrd", "print", path], os.path.dirname(path)).stdout
    found = [re.findall(r"BlueprintActivationCommand.*(make_active: \w+, make_default: \w+)", text)]
    if not found[0]:
        return found
    from rerun.chunk import RrdReader
    reader = RrdReader(path)
    for store in reader.blueprints():
        cells, names = {}, {}
        for chunk in reader.stream(store=store).to_chunks():
            batch = chunk.to_record_batch()
            row = {n: batch.column(n).to_pylist()[0] for n in batch.schema.names if ":" in n}
            cells.setdefault(chunk.entity_path, {}).update(row)
            if name := [v[0] for n, v in row.items() if n.endswith("Blueprint:display_name")]:
                names[UUID.search(chunk.entity_path)[0]] = name[0]
        found.append({value_of(path, names): {n: value_of(v, names) for n, v in row.items()} for path, row in cells.items()})
    return found


def compare_blueprints(*paths):
    ours, theirs = (blueprints(p) for p in paths)
    if ours != theirs:
        raise Difference(f"blueprints differ:\n{pprint.pformat(ours, width=150)}\n{pprint.pformat(theirs, width=150)}")


def compare(name, script):
    with tempfile.TemporaryDirectory() as d:
        c, python = os.path.join(d, "c"), os.path.join(d, "python")
        ours = recordings(c, [os.path.join(BUILD, "tests/pairs", name)], True)
        theirs = recordings(python, [PYTHON, script], False)
        if not ours or ours != theirs:
            raise Difference(f"the C program wrote {ours}, the Python program {theirs}")
        for file in ours:
            run([RERUN, "rrd", "verify", file], c)
            pair = [comparable(place, file, DROPPED.get(name)) for place in (c, python)]
            run([RERUN, "rrd", "compare", "--unordered", "--ignore-chunks-without-components", "--ignore-timeline", "log_tick", *pair], d)
            compare_blueprints(os.path.join(c, file), os.path.join(python, file))


def check_pair(name):
    compare(name, os.path.join(HERE, name + ".py"))


def check_change(name):
    with open(os.path.join(HERE, "scalars.py")) as f:
        text = f.read()
    old, new = CHANGES[name]
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(text.replace(old, new))
        script.flush()
        try:
            compare("scalars", script.name)
        except Difference as e:
            if re.search(r"could not be matched|comparison failed|different number of chunks", str(e)):
                return
            raise
    raise Difference("compare found the files equal" if old in text else f"scalars.py has no {old}")


def case(name, check, arg):
    try:
        check(arg)
    except (Difference, OSError, subprocess.TimeoutExpired) as e:
        return False, f"FAIL {name}: {e}"
    return True, f"ok   {name}"


def main():
    names = sys.argv[1:] or sorted(f[:-3] for f in os.listdir(HERE) if f.endswith(".py") and f != "run.py")
    cases = [(n, check_pair, n) for n in names]
    if not sys.argv[1:]:
        cases += [(f"a changed {n} is found", check_change, n) for n in CHANGES]
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for ok, text in pool.map(lambda c: case(*c), cases):
            passed += ok
            print(text, flush=True)
    print(f"{passed} passed, {len(cases) - passed} failed, 0 skipped")
    return passed < len(cases)


if __name__ == "__main__":
    sys.exit(main())
