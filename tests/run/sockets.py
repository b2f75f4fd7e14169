#!/usr/bin/env python3
"""What programs send to log daemons themselves, as rows: the same messages, programs and priorities as the real daemon understands."""
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "preload"))
os.environ["RETAP_BUILD"] = os.path.abspath(os.environ.get("RETAP_BUILD", "build/release"))
from shimtest import Skip, equal, main, true  # noqa: E402
from libdaemons import JOURNAL, Connections, Datagrams, Rsyslog, own_world  # noqa: E402
import librun  # noqa: E402


def need(*commands):
    for c in commands:
        if not shutil.which(c):
            raise Skip("%s is not installed" % c)


def record(*cmd, during=None, **kw):
    """Runs it under `retap run`; gives all rows. @during(process) is called while it runs."""
    with tempfile.TemporaryDirectory() as t:
        output = t + "/x.rrd"
        run = librun.start(output, *cmd, **kw)
        try:
            if during:
                during(run)
            true(run.wait(30) in (0, -signal.SIGTERM), "ended with %s" % run.returncode)
        finally:
            if run.poll() is None:
                run.terminate()
        return librun.rows(output, "/logs")


def of(rows, *ends):
    return [r for r in rows if r["path"].endswith(ends)]


def as_the_daemon(rows, daemon):
    """Rows of source syslog as the lines that rsyslog's template makes of the same messages."""
    mine = sorted(b"%d %s %s" % (r["pri"], r.get("ident", "").encode(), r["text"].encode()) for r in of(rows, "/syslog"))
    lines = daemon.lines(len(mine))
    pri, program, text = zip(*(line.split(b" ", 2) for line in lines))
    theirs = sorted(b"%s %s %s" % (a, b, c.strip()) for a, b, c in zip(pri, program, text))
    equal(mine, theirs)
    return mine


PYTHON = """import logging, logging.handlers, socket, sys
handlers = logging.handlers.SysLogHandler("/dev/log"), logging.handlers.SysLogHandler(("127.0.0.1", 514))
for h, name in zip(handlers, ("pylocal: ", "pyudp: ")):
    h.ident = name
    logging.getLogger().addHandler(h)
logging.error("it failed")
logging.getLogger().handlers.clear()
s = socket.create_connection(("127.0.0.1", 514))
counted = b"<12>Nov 20 16:14:09 tcphost pytcp: counted"
for piece in (b"<14>Nov 20 16:14:09 tcphost pytcp: lines\\n<13>Nov 20 16:14", b":09 tcphost pytcp: in pie", b"ces\\n%d " % len(counted) + counted[:38],
              counted[38:]):
    s.sendall(piece)
s.close()
"""
PERL = 'use Sys::Syslog qw(:DEFAULT setlogsock); setlogsock("unix"); openlog("pl", "ndelay,pid", "mail"); syslog("warning", "from perl"); closelog()'


def test_small_senders():
    need("logger", "perl")
    script = """logger -t lt -p daemon.err 'local one'
        logger -t five -p local3.debug 'local five'
        logger -d -n 127.0.0.1 -P 514 -t udp --rfc3164 -p user.crit 'old over udp'
        logger -d -n 127.0.0.1 -P 514 -t udp5 --rfc5424 --msgid MY --sd-id zoo@1 --sd-param 'a="1"' 'new over udp'
        logger -T -n 127.0.0.1 -P 514 -t tcp 'over tcp'
        logger -T --octet-count -n 127.0.0.1 -P 514 -t tcpc 'counted over tcp'
        python3 -c "$1"; perl -e "$2" """
    with Rsyslog() as daemon:
        rows = record("sh", "-c", script, "sh", PYTHON, PERL)
        as_the_daemon(rows, daemon)
    by_ident = {r["ident"] + r["text"][:3]: r for r in of(rows, "/syslog")}
    equal(len(by_ident), 12)
    r = by_ident["ltloc"]
    equal((r["level"], r["facility"], r["pri"], r["path"]), ("ERROR", "daemon", 27, "/logs/logger/syslog"))
    equal([by_ident[k]["level"] for k in ("fiveloc", "udpold", "plfro", "pylocalit ")], ["DEBUG", "CRITICAL", "WARN", "ERROR"])
    equal(by_ident["pytcpcou"]["host"], "tcphost")
    fields = by_ident["udp5new"]["fields"]
    equal((fields["msgid"], fields["zoo@1.a"], fields["timeQuality.tzKnown"]), ("MY", "1", "1"))
    equal([by_ident["pytcp" + k]["text"] for k in ("lin", "in ", "cou")], ["lines", "in pieces", "counted"])


RESTART = """import logging, logging.handlers, os, socket
def listen():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind("/dev/log")
    return s
s = listen()
logging.getLogger().addHandler(logging.handlers.SysLogHandler("/dev/log"))
logging.error("before")
s.close()
os.unlink("/dev/log")
s = listen()
logging.error("after")
assert b"after" in s.recv(100)
s.close()
logging.raiseExceptions = False
logging.error("nobody there")
os.unlink("/dev/log")
"""


def test_a_restarted_daemon_makes_no_second_row():
    own_world()
    rows = record(sys.executable, "-c", RESTART)
    equal([r["text"] for r in of(rows, "/syslog")], ["before", "after", "nobody there"])


NGINX = """daemon off; user root; master_process on; worker_processes 1; pid %(dir)s/pid;
error_log syslog:server=unix:/dev/log,nohostname,tag=ngxerr info;
events { worker_connections 64; }
http {
    access_log syslog:server=127.0.0.1:514,tag=ngxacc,severity=notice combined;
    client_body_temp_path %(dir)s/a; proxy_temp_path %(dir)s/b; fastcgi_temp_path %(dir)s/c; uwsgi_temp_path %(dir)s/d; scgi_temp_path %(dir)s/e;
    server { listen 127.0.0.1:8081; root %(dir)s; }
}
"""


def get(port, path, patience=10):
    end = time.monotonic() + patience
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


def test_nginx():
    need("nginx")
    with Rsyslog() as daemon, tempfile.TemporaryDirectory() as t:
        os.chmod(t, 0o755)
        with open(t + "/conf", "w") as f:
            f.write(NGINX % {"dir": t})

        def ask(run):
            for _ in range(3):
                equal(get(8081, "/not-there"), 404)
            daemon.lines(6, b"/not-there")
            run.terminate()
        rows = record("nginx", "-p", t, "-c", t + "/conf", "-e", "stderr", during=ask)
        as_the_daemon(rows, daemon)
    missing = [r for r in of(rows, "/syslog") if "not-there\" failed" in r["text"]]
    equal([(r["ident"], r["level"], r["path"]) for r in missing], [("ngxerr", "ERROR", "/logs/nginx/syslog")] * 3)
    access = [r for r in of(rows, "/syslog") if r["ident"] == "ngxacc"]
    equal([(r["facility"], r["pri"], r["host"]) for r in access], [("local7", 189, socket.gethostname())] * 3)


HAPROXY = """global
    log /dev/log local0
    log 127.0.0.1:514 format rfc5424 local1
defaults
    mode http
    log global
    option httplog
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend web
    bind 127.0.0.1:8082
    http-request return status 200
"""


def test_haproxy():
    need("haproxy")
    with Rsyslog() as daemon, tempfile.TemporaryDirectory() as t:
        with open(t + "/conf", "w") as f:
            f.write(HAPROXY)

        def ask(run):
            equal(get(8082, "/"), 200)
            daemon.lines(2, b"GET /")  # it answers first, and a signal ends it at once
            run.terminate()
        rows = record("haproxy", "-db", "-f", t + "/conf", during=ask)
        as_the_daemon(rows, daemon)
    asked = [r for r in of(rows, "/haproxy/syslog") if "GET / HTTP" in r["text"]]
    equal(sorted((r["ident"], r["facility"], r["level"]) for r in asked), [("haproxy", "local0", "INFO"), ("haproxy", "local1", "INFO")])


SYSTEMD = """from systemd import journal
journal.send("hello journal", PRIORITY=4, SYSLOG_IDENTIFIER="pyj", ERRNO=13, SYSLOG_FACILITY=3, CUSTOM="c")
journal.send("two\\nlines", PRIORITY=7)
s = journal.stream("pystream", priority=3)
s.write("plain\\n<6>with a level\\n")
s.flush()
"""


def test_the_journal():
    need("systemd-cat", "/usr/bin/python3")
    if subprocess.run(["/usr/bin/python3", "-c", "import systemd.journal"], stderr=subprocess.DEVNULL).returncode:
        raise Skip("python3-systemd is not installed")
    own_world()
    with Datagrams(JOURNAL + "socket") as d, Connections(JOURNAL + "stdout"):
        rows = record("sh", "-c", '/usr/bin/python3 -c "$1"; systemd-cat -t cat -p warning sh -c "echo out; echo \\"<3>err\\" >&2; /bin/echo deeper"', "sh", SYSTEMD)
        equal(len(d.take()), 2)
    sent = [r for r in of(rows, "/python3/journal")]
    equal([(r["text"], r["level"], r.get("ident", "python3")) for r in sent],
          [("hello journal", "WARN", "pyj"), ("two\nlines", "DEBUG", "python3"), ("plain", "ERROR", "pystream"), ("with a level", "INFO", "pystream")])
    r = sent[0]
    equal((r["errno"], r["facility"], r["pri"], r["function"], r["fields"]["CUSTOM"]), (13, "daemon", 28, "<module>", "c"))
    streamed = [(r["text"], r["level"], r["ident"], r["path"]) for r in of(rows, "/sh/journal", "/echo/journal")]
    equal(streamed, [("out", "WARN", "cat", "/logs/sh/journal"), ("err", "ERROR", "cat", "/logs/sh/journal"),
                     ("deeper", "WARN", "cat", "/logs/echo/journal")])


main(globals())
