#!/usr/bin/env python3
"""retap run --files: what programs write to files of their own becomes rows, line for line what is in the files."""
import http.client
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "preload"))
os.environ["RETAP_BUILD"] = os.path.abspath(os.environ.get("RETAP_BUILD", "build/release"))
from shimtest import Skip, equal, main, true  # noqa: E402
import librun  # noqa: E402


def record(folder, *cmd, files="*.log", options=(), during=None, **kw):
    """Runs it in @folder under `retap run`; gives the rows of files."""
    output = os.path.join(folder, "x.rrd")
    run = librun.start(output, *cmd, options=("--files", files, *options), cwd=folder, **kw)
    try:
        if during:
            during(run)
        equal(run.wait(60), 0)
    finally:
        if run.poll() is None:
            run.terminate()
    return [r for r in librun.rows(output, "/logs") if "/file/" in r["path"]]


def lines(path):
    with open(path, encoding="utf-8", errors="replace", newline="\n") as f:
        return f.read().split("\n")[:-1]


def below(rows, path):
    return [r for r in rows if r["path"].endswith("/file" + path)]


PYTHON = """import logging, os
log = logging.getLogger("app.part")
h = logging.FileHandler("app.log")
h.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
log.addHandler(h)
log.setLevel(logging.DEBUG)
for level in "debug", "info", "warning", "error", "critical":
    getattr(log, level)("at level %s", level)
try:
    {}["missing"]
except KeyError:
    log.exception("it failed")
with open("big.log", "w") as f:
    f.write("2026-11-27 03:00:00 UTC [7] LOG:  statement: SELECT '" + "x" * 300000 + "'\\n")
    f.write("2026-11-27 03:00:01 UTC [7] ERROR:  short\\n")
"""


def test_pythons_handlers_have_levels():
    with tempfile.TemporaryDirectory() as t:
        t = os.path.realpath(t)
        rows = record(t, sys.executable, "-c", PYTHON)
        app = below(rows, t + "/app.log")
        equal([r["level"] for r in app], ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL", "ERROR"])
        equal([r["text"] for r in app[:5]], lines(t + "/app.log")[:5])
        true("KeyError: 'missing'" in app[5]["text"] and "Traceback" in app[5]["text"], "a traceback is one row")
        equal({r["path"].split("/")[2] for r in rows}, {os.path.basename(sys.executable)})
        big = below(rows, t + "/big.log")
        text = "".join(r["text"] for r in big[:-1])  # long lines are split into rows
        equal([text, big[-1]["text"]], lines(t + "/big.log"))
        equal(big[-1]["level"], "ERROR")


NGINX = """daemon off; master_process on; worker_processes 2; user root; pid %(dir)s/pid; error_log %(dir)s/error.log info;
events { worker_connections 64; }
http {
    access_log %(dir)s/access.log combined;
    client_body_temp_path %(dir)s/a; proxy_temp_path %(dir)s/b; fastcgi_temp_path %(dir)s/c; uwsgi_temp_path %(dir)s/d; scgi_temp_path %(dir)s/e;
    server { listen 127.0.0.1:%(port)d; root %(dir)s; }
}
"""


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(port, path):
    end = time.monotonic() + 10
    while True:
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            c.request("GET", path)
            status = c.getresponse().status
            c.close()
            return status
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def until(condition, what):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


def test_nginx_and_its_rotation():
    if not shutil.which("nginx"):
        raise Skip("nginx is not installed")
    with tempfile.TemporaryDirectory() as t:
        t = os.path.realpath(t)
        port = free_port()
        with open(t + "/conf", "w") as f:
            f.write(NGINX % {"dir": t, "port": port})

        def ask(run):
            for _ in range(5):
                equal(get(port, "/before"), 404)
            until(lambda: len(lines(t + "/access.log")) == 5, "the log")
            os.rename(t + "/access.log", t + "/access.log.1")
            with open(t + "/pid") as f:
                os.kill(int(f.read()), signal.SIGUSR1)
            until(lambda: os.path.exists(t + "/access.log"), "the new log")

            def asked():  # a worker that has not heard of it yet writes to the old one
                get(port, "/after")
                return lines(t + "/access.log")
            until(asked, "a line in the new log")
            run.terminate()
        rows = record(t, "nginx", "-p", t, "-c", t + "/conf", "-e", "stderr", during=ask)
        equal(sorted(r["text"] for r in below(rows, t + "/access.log")), sorted(lines(t + "/access.log.1") + lines(t + "/access.log")))
        errors = below(rows, t + "/error.log")
        equal(sorted(r["text"] for r in errors), sorted(lines(t + "/error.log")))
        failed = [r for r in errors if "/before\" failed" in r["text"]]
        equal([(r["level"], r["path"].split("/")[2]) for r in failed], [("ERROR", "nginx")] * 5)


def test_a_shell_script():
    with tempfile.TemporaryDirectory() as t:
        t = os.path.realpath(t)
        script = "for i in 1 2 3; do echo line $i >> s.log; done; (echo from a child; ls /nonexistent-5) >> s.log 2>&1; echo no > other; printf open >> s.log"
        rows = record(t, "sh", "-c", script, options=("--calls", "none"))
        true(not any("module" in r for r in rows))
        equal(sorted(r["text"] for r in rows), sorted(lines(t + "/s.log") + ["open"]))
        equal({r["path"].split("/")[2] for r in rows}, {"sh", "ls"})


def test_a_bad_list_is_an_error():
    import subprocess
    for bad in "", ",", "a,,b", "x" * 600:
        p = subprocess.run([librun.RETAP, "run", "--files", bad, "--", "true"], capture_output=True, text=True)
        equal(p.returncode, 2)
        true("--files" in p.stderr, p.stderr)


main(globals())
