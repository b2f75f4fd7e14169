"""Programs built once against the project's headers, as C11 and C++17, linked to the shared and the static library and to a library named as
Rerun's own; the names that such programs need are there, under their version, whatever else is added."""
import os
import re
import subprocess
import sys
import tempfile

SRC, BUILD = os.environ["RETAP_SRC"], os.path.abspath(os.environ["RETAP_BUILD"])
FLAGS = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-O1", f"-I{SRC}/sdk/include"]
LIBS = "-llz4 -lxxhash -lprotobuf-c -luuid -lurcu-bp -lpthread".split()
OFFICIAL = """
rr_version_string rr_f16_from_f32 rr_spawn rr_register_component_type
rr_recording_stream_new rr_recording_stream_free rr_recording_stream_set_global rr_recording_stream_set_thread_local
rr_recording_stream_is_enabled rr_recording_stream_flush_blocking
rr_recording_stream_set_sinks rr_recording_stream_connect_grpc rr_recording_stream_serve_grpc rr_recording_stream_spawn
rr_recording_stream_save rr_recording_stream_stdout
rr_recording_stream_set_time rr_recording_stream_disable_timeline rr_recording_stream_reset_time
rr_recording_stream_set_log_tick_enabled rr_recording_stream_set_log_time_enabled
rr_recording_stream_log rr_recording_stream_send_columns rr_recording_stream_log_file_from_path rr_recording_stream_log_file_from_contents
rr_video_asset_read_frame_timestamps_nanos _rr_escape_entity_path_part _rr_free_string
""".split()
passed = failed = 0


def result(name, problem):
    global passed, failed
    passed, failed = passed + (not problem), failed + bool(problem)
    if problem:
        print(f"FAILED {name}: {problem}")


def run(args, **kw):
    try:
        done = subprocess.run(args, text=True, capture_output=True, timeout=60, **kw)
    except OSError as e:
        return str(e)
    return "" if done.returncode == 0 else f"{args[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"


def compiler(language):
    return ["gcc", "-std=c11"] if language == "c" else ["g++", "-std=c++17", "-x", "c++"]


def build(language, sources, program, libraries):
    """C++ goes by -x: what follows the sources are libraries again."""
    return run([*compiler(language), *FLAGS, *[f"{SRC}/tests/abi/{s}" for s in sources], "-x", "none", "-o", program, *libraries])


def names():
    out = subprocess.run(["nm", "-D", "--defined-only", f"{BUILD}/libretap.so"], text=True, capture_output=True, check=True).stdout
    found = set(re.findall(r" [TV] (\w+@@?RERUN_0\.41)$", out, re.M))
    found = {f.replace("@@", "@") for f in found}
    want = {f"{n}@RERUN_0.41" for n in OFFICIAL}
    result("28 official names", len(OFFICIAL) != 28 and "the list is not 28 long")
    result("official names", want - found and f"not exported: {sorted(want - found)}")
    result("no other official names", found - want and f"under the official version, too: {sorted(found - want)}")


def recording(path):
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] != b"RRF2":
        return f"{path} is no recording"
    return "" if data[-32:].find(b"RRF2FOOT") >= 0 else f"{path} has no footer"


def programs():
    os.symlink(f"{BUILD}/libretap.so", "librerun_c.so")
    os.symlink(f"{BUILD}/libretap.so", "libretap.so.0")
    here = os.getcwd()
    ways = {"shared": [f"-L{BUILD}", "-lretap"], "static": [f"{BUILD}/libretap.a", *LIBS], "as librerun_c": [f"-L{here}", "-lrerun_c"]}
    for way, libraries in ways.items():
        for language in ("c", "c++"):
            name = f"{language}, {way}"
            result(f"build {name}", build(language, ["official.c", "second.c"], "official", libraries))
            result(f"build ours, {name}", build(language, ["ours.c"], "ours", libraries))
            env = {**os.environ, "LD_LIBRARY_PATH": here}
            result(f"run {name}", run(["./official", "a.rrd"], env=env) or recording("a.rrd"))
            result(f"run ours, {name}", run(["./ours", "b.rrd", "c.rrd"], env=env) or recording("b.rrd") or recording("c.rrd"))
            for f in ("a.rrd", "b.rrd", "c.rrd", "official", "ours"):
                if os.path.exists(f):
                    os.remove(f)


# What lines of documentation may speak of.
CONTEXT = """#include <retap.h>
static rr_error err;
static const float positions[6] = {0}, vectors[6] = {0};
static const double lat_lon[4] = {0};
static rr_recording_stream rec;
%s
int main(void)
{
    uint32_t n = 2;
    rr_points3d_options options = rr_points3d_options_default();
    rr_points_options style = rr_points_options_default();
    rr_log_record record = rr_log_record_default();
    rr_stream_options so = rr_stream_options_default("documentation");
    so.save = "doc.rrd";
    rec = rr_recording_stream_open(&so, &err);
    rr_recording_stream_set_global(rec, RR_STORE_KIND_RECORDING);
    (void)n, (void)style, (void)record, (void)options, (void)lat_lon, (void)vectors, (void)positions;
    {
%s
    }
    rr_recording_stream_set_global(0, RR_STORE_KIND_RECORDING);
    rr_recording_stream_close(rec, 10, &err);
    return err.code != 0;
}
"""


def text(path):
    with open(f"{SRC}/{path}", encoding="utf-8") as f:
        return f.read()


def examples_of_page(path):
    return [re.sub(r"\\(.)", r"\1", re.sub(r"^\.(PP|B #include.*)\n", "", e, flags=re.M)) for e in re.findall(r"\.EX\n(.*?)\.EE", text(path), re.S)]


def examples_of_header(name):
    """Statements in the comment that a header begins with; what stands behind them, after two blanks, is prose."""
    comment = text(f"sdk/include/retap/{name}.h").split("*/")[0]
    lines = re.findall(r"^ \*   ([a-z].*?;)(?:  .*)?$", comment, re.M)
    return "\n".join(line for line in lines if "\N{HORIZONTAL ELLIPSIS}" not in line)


def documentation():
    """Each example of README, manual and headers compiles as it stands, runs and leaves a recording."""
    arm, points = examples_of_page("sdk/man/libretap.3.in")
    (lines,) = examples_of_page("sdk/man/retap-archetypes.7.in")
    examples = {"README": re.findall(r"```c\n(.*?)```", text("README.md"), re.S)[0], "libretap(3), synopsis": CONTEXT % (arm, 'if (arm((void *)"id")) return 1;'),
                "libretap(3), bundles": CONTEXT % ("", points), "retap-archetypes(7)": CONTEXT % ("", lines)}
    for header in ("archetypes", "blueprint", "handler", "legacy", "text"):
        code = examples_of_header(header)
        result(f"{header}.h has an example", "" if code else "none was found")
        examples[f"{header}.h"] = CONTEXT % ("", code)
    for what, code in examples.items():
        with open("doc.c", "w", encoding="utf-8") as f:
            f.write(code)
        for language in ("c", "c++"):
            if language == "c++" and "(void *)" in code and "id = id" in code:
                continue  # C only: void * becomes const char *
            file = "arm.rrd" if "arm.rrd" in code else "doc.rrd"
            name = f"{what} as {language}"
            problem = run([*compiler(language), "-Wall", "-Werror", f"-I{SRC}/sdk/include", "doc.c", "-x", "none", "-o", "doc", f"-L{BUILD}", "-lretap"])
            result(name, problem or run(["./doc"], env={**os.environ, "LD_LIBRARY_PATH": os.getcwd()}) or recording(file))
            for left in ("arm.rrd", "doc.rrd"):
                if os.path.exists(left):
                    os.remove(left)


def layouts():
    for language in ("c", "c++"):
        result(f"layout as {language}", run([*compiler(language), *FLAGS, "-fsyntax-only", f"{SRC}/tests/abi/layout.c"]))


def main():
    names()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        layouts()
        programs()
        documentation()
        os.chdir("/")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


main()
