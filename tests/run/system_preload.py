"""/etc/ld.so.preload: every program is loaded with the shim; those that a list names are recorded, the others run as ever. All in a mount
namespace of its own, with a copy of /etc: the machine's own is not touched."""
import glob
import os
import re
import shutil
import subprocess
import sys
import time

from run import librun as lib

SHIM = os.path.abspath(os.path.join(lib.BUILD, "libretap-preload.so"))
LINES = b"out\n", b"err\n"
HELLO = ["sh", "-c", "echo out; echo err >&2"]


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def enter():
    """Starts this script again where the mounts are its own."""
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        skip("a mount namespace needs root")
    os.environ["SYSTEM_PRELOAD_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__)])


def mount(*args):
    if subprocess.run(["mount", *args], capture_output=True).returncode:
        skip("nothing can be mounted here")


def own_machine():
    shutil.copytree("/etc", "etc", symlinks=True)
    os.mkdir("log")
    os.chmod("log", 0o755)
    mount("--bind", "etc", "/etc")
    mount("-t", "tmpfs", "none", "/run")
    mount("--bind", "log", "/var/log")
    os.mkdir("/var/log/retap")
    os.mkdir("/etc/retap")
    if not os.path.samefile("etc", "/etc"):
        lib.fail("this is the machine's /etc")


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def collectors():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                if "\0collect\0" in f.read() and os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt"):
                    found.append(pid)
        except OSError:
            pass
    return found


def recordings():
    """What was recorded since the last time: by program, its lines on standard error."""
    until = time.time() + 20
    while collectors():
        if time.time() > until:
            lib.fail("a collector does not end")
        time.sleep(0.01)
    found = {}
    for path in glob.glob("/var/log/retap/*.rrd"):
        stats = lib.stats(path)
        if not stats["footer"] or not stats["ledger"]["adds_up"]:
            lib.fail(f"{path}: {stats['ledger']}")
        name = re.match(r"(.*)-\d{8}-\d{6}", os.path.basename(path))[1]
        found.setdefault(name, []).extend(r["text"] for r in lib.rows(path, "/logs") if r["path"].endswith("/stderr"))
        os.unlink(path)
    return found


def run(argv, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RETAP", "LD_")) or k == "RETAP_TEST_MARK"}
    env.update(RETAP_START_WAIT="20s", **more.pop("env", {}))
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=60, **more)
    return done.returncode, done.stdout, done.stderr


def equal(got, expected, what):
    if got != expected:
        lib.fail(f"{what}: got {got!r}, expected {expected!r}")


def expect(allow, deny, argv, recorded, what, result=(0, *LINES), **more):
    for name, text in (("allow", allow), ("deny", deny)):
        path = "/etc/retap/" + name
        if text is not None:
            write(path, text)
        elif os.path.exists(path):
            os.unlink(path)
    equal(run(argv, **more), result, what)
    equal(recordings(), recorded, what)


# ---------------------------------------------------------------- cases
def lists():
    shell = os.path.realpath("/bin/sh")
    expect(None, None, HELLO, {}, "no list")
    expect("", None, HELLO, {}, "an empty list")
    expect("/usr/sbin/nginx\n", None, HELLO, {}, "another program")
    expect(f"# shells\n{shell}  # this one\n", None, HELLO, {"sh": ["err"]}, "the program itself")
    expect(os.path.basename(shell) + "\n", None, HELLO, {"sh": ["err"]}, "by its file name")
    expect("**\n", shell + "\n", HELLO, {}, "deny wins")
    expect("**\n", "/nothing\n", HELLO, {"sh": ["err"]}, "deny of another")
    expect("**\n", None, ["env", "RETAP=0", *HELLO], {"env": []}, "the program's own switch")
    child = ["sh", "-c", "env -i /bin/sh -c 'echo a >&2'; %s -c 'import os; os.write(2, b\"b\\n\"); os.system(\"echo c >&2\")'" % sys.executable]
    expect(shell + "\n", None, child, {"sh": ["a", "b", "c"]}, "what it starts is recorded with it", (0, b"", b"a\nb\nc\n"))
    expect(shell + "\n", os.path.realpath(sys.executable) + "\n", child, {"sh": ["a", "c"]}, "but what is denied", (0, b"", b"a\nb\nc\n"))
    expect(shell + "\n", None, HELLO, {}, "said otherwise", env=dict(RETAP_OUTPUT="/nonexistent/x"))
    write("/run/retap.off", "")
    expect("**\n", None, HELLO, {}, "switched off")
    expect("**\n", None, HELLO, {}, "switched off for a plain preload, too", env=dict(LD_PRELOAD=SHIM))
    os.unlink("/run/retap.off")


def others():
    su = shutil.which("su")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    expect("**\n", "setpriv\n", [*nobody, *HELLO], {}, "a user that can't write there")
    os.chmod("/var/log/retap", 0o1777)
    expect("**\n", "setpriv\n", [*nobody, *HELLO], {"sh": ["err"]}, "a user that can")
    if os.stat(su).st_mode & 0o4000:
        write("/etc/retap/deny", "setpriv\n")
        os.rename("/etc/ld.so.preload", "/etc/off")
        cleared = dict(TMPDIR="/tmp", LOCPATH="/nowhere")  # the loader takes them out of the environment of such programs
        plain = run([*nobody, su, "-c", "true", "root"], env=cleared)
        os.rename("/etc/off", "/etc/ld.so.preload")
        expect("**\n", "setpriv\n", [*nobody, su, "-c", "true", "root"], {}, "setuid programs never", plain, env=cleared)
    expect("**\n", "unshare\n", ["unshare", "-pf", *HELLO], {}, "process 1 never")


def retap_itself():
    expect("**\n", None, [os.path.join(lib.BUILD, "retap"), "run", "-q", "-o", "/var/log/retap/run-20260101-000000.rrd", "--", *HELLO],
           {"run": ["err"]}, "retap run: one recording")


def quiet_start():
    if not shutil.which("strace"):
        return
    os.unlink("/etc/retap/allow")
    write("trace", "")
    equal(run(["strace", "-f", "-o", "trace", "/bin/true"])[0], 0, "strace")
    with open("trace") as f:
        ours = [line for line in f if "/retap/" in line or "retap.off" in line or "/proc/self" in line]
    equal(len(ours), 1, "calls that a start costs without a list")


def broken():
    """What the loader makes of it: a line for each start, and the program runs."""
    os.unlink("/etc/ld.so.preload")
    plain = run(HELLO)
    for what, content in (("missing", None), ("empty", b""), ("text", b"not a library\n"), ("cut", open(SHIM, "rb").read(64)),
                          ("32 bits", open(SHIM, "rb").read(4) + b"\1" + open(SHIM, "rb").read()[5:])):
        path = os.path.abspath("broken.so")
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        write("/etc/ld.so.preload", path + "\n")
        code, out, err = run(HELLO)
        os.unlink("/etc/ld.so.preload")
        said = [line for line in err.splitlines(True) if not line.startswith(b"ERROR: ld.so: object '%s'" % path.encode())]
        equal((code, out, b"".join(said)), plain, f"a shim that is {what}")
    equal(recordings(), {}, "nothing recorded")


if "SYSTEM_PRELOAD_INSIDE" not in os.environ:
    enter()
own_machine()
write("/etc/ld.so.preload", SHIM + "\n")
cases = (lists, others, retap_itself, quiet_start, broken)
for case in cases:
    case()
print(f"{len(cases)} passed, 0 failed, 0 skipped")
