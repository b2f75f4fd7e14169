#!/usr/bin/env python3
"""What programs send to log daemons by themselves, seen by the shim alone: by address, once, unchanged; and that nothing else is touched."""
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shimtest import *  # noqa: E402,F403
from libdaemons import *  # noqa: E402,F403

FRAMED = 1 << 9


def need(*commands):
    for c in commands:
        if not shutil.which(c):
            raise Skip("%s is not installed" % c)


def python(script, *arguments):
    return [sys.executable, "-c", script, *arguments]


def test_every_way_to_send_a_datagram():
    with Datagrams(514) as log, Datagrams(515) as other, Run() as run:
        p = run.program([compile_program("sends")])
        equal(p.stderr, b"")
        equal(p.returncode, 0)
        came = [d for d in log.take() if d]
        equal(run.pieces("syslog"), came)
        equal(came, [b"<13>send", b"<13>write", b"<13>sendto", b"<13>sendmsg", b"<13>sendmsg", b"<13>syscall", b"<13>mm1", b"<13>mm2", b"<13>dup",
                     b"<13>stdio", b"<14>sendto", b"<14>sendmsg", b"<14>mm", b"<15>right"])
        equal(other.take(), [b"elsewhere", b"other", b"other", b"other"])
        equal([r for r in run.records() if r.type == "DATA" and r.stream != "syslog"], [])
        equal(sum(bool(r.flags & FRAMED) for r in run.records()), 0)


def test_connections_are_told_from_datagrams():
    script = """import socket
for port in 514, 601, 6514, 515:
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"<13>to %d\\n" % port)
    s.close()
s = socket.socket()
s.setblocking(False)
try:
    s.connect(("127.0.0.1", 514))
except BlockingIOError:
    pass
import select
select.select([], [s], [])
s.send(b"<13>later\\n")
"""
    with Connections(514) as a, Connections(601) as b, Connections(6514) as c, Connections(515) as d, Run() as run:
        p = run.program(python(script))
        equal(p.returncode, 0)
        equal(run.pieces("syslog"), [b"<13>to 514\n", b"<13>to 601\n", b"<13>later\n"])
        sent = [r for r in run.records() if r.stream == "syslog"]
        true(all(r.flags & FRAMED for r in sent), "connections are marked")
        equal(len({r.calls[0].origin for r in sent}), 3)  # and told apart
        equal(a.take() + b.take() + c.take() + d.take(),
              [b"<13>to 514\n", b"<13>later\n", b"<13>to 601\n", b"<13>to 6514\n", b"<13>to 515\n"])
        equal([struct.unpack("<Q", x)[0] for x in run.pieces("binary")], [12])  # encrypted: counted


def test_the_local_log_by_all_its_names():
    script = """import os, socket, sys
for path in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(path)
    s.send(b"<13>" + path.encode())
    s.close()
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.sendto(b"<14>" + path.encode(), path)
    s.close()
"""
    own_world()
    os.makedirs(JOURNAL[:-1] + ".space", exist_ok=True)
    logs = ["/dev/log", JOURNAL + "dev-log", JOURNAL + "syslog"]
    journals = [JOURNAL + "socket", JOURNAL[:-1] + ".space/socket"]
    others = ["/dev/log2", "/dev/lo", JOURNAL + "sockets", JOURNAL[:-1] + "ism-socket"]
    listeners = [Datagrams(p) for p in logs + journals + others]
    aliases = ["/var" + JOURNAL + "dev-log", "/var" + JOURNAL + "socket"] if os.path.realpath("/var/run") == "/run" else []
    try:
        with Run() as run:
            p = run.program(python(script, *logs, *journals, *others, *aliases))
            equal(p.stderr, b"")
            want = lambda paths: [b"<1%d>%s" % (n, p.encode()) for p in paths for n in (3, 4)]
            equal(run.pieces("syslog"), want(logs + aliases[:1]))
            equal(run.pieces("journal"), want(journals + aliases[1:]))
    finally:
        for d in listeners:
            d.__exit__()


def test_logger_and_python_and_perl():
    handler = """import logging, logging.handlers
h = logging.handlers.SysLogHandler("/dev/log")
h.ident = "py: "
logging.getLogger().addHandler(h)
logging.error("handler")
"""
    perl = 'use Sys::Syslog qw(:DEFAULT setlogsock); setlogsock("unix"); openlog("pl", "ndelay", "user"); syslog("err", "from perl"); closelog()'
    need("logger", "perl")
    with Datagrams("/dev/log") as log:
        for argv, want in ((["logger", "-t", "lt", "from logger"], b"from logger"), (["logger", "--rfc5424", "-p", "daemon.err", "five"], b"five"),
                           (python(handler), b"<11>py: handler\0"), (["perl", "-e", perl], b"from perl")):
            with Run() as run:
                p = run.program(argv)
                equal((p.returncode, p.stderr), (0, b""))
                came = log.take()
                true(len(came) == 1 and want in came[0], "%r came" % came)
                equal(run.pieces("syslog"), came)


def test_what_libc_sends_is_a_message_only():
    with Datagrams("/dev/log") as log, Run() as run:
        p = run.program(python("import syslog; syslog.openlog('sl'); syslog.syslog(syslog.LOG_ERR, 'by libc')"))
        equal(p.returncode, 0)
        true(b"by libc" in log.take()[0])
        equal(run.pieces("syslog"), [])
        equal([m.text for m in run.messages("syslog")], [b"by libc"])


def libsystemd():
    import ctypes.util
    name = ctypes.util.find_library("systemd")
    if not name:
        raise Skip("libsystemd is not installed")
    return name


SEND = """import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
r = lib.sd_journal_send(b"MESSAGE=%s", sys.argv[2].encode() * int(sys.argv[3]), b"PRIORITY=3", b"CODE_LINE=42", None)
sys.exit(r != 0)
"""


def test_the_journal_as_libsystemd_writes_it():
    with Datagrams(JOURNAL + "socket") as journal, Run() as run:
        p = run.program(python(SEND, libsystemd(), "hello", "1"))
        equal((p.returncode, p.stderr), (0, b""))
        came = journal.take()
        equal(len(came), 1)
        true(came[0].startswith(b"MESSAGE=hello\nPRIORITY=3\nCODE_LINE=42\n"))
        equal(run.pieces("journal", mirror=True), came)
        equal([m.text for m in run.messages("journal")], [b"MESSAGE=hello\nPRIORITY=3\nCODE_LINE=42\n"])


MIRRORED = """int sd_journal_print(int, const char *, ...);
int sd_journal_send(const char *, ...);
int main(void) { return sd_journal_print(3, "printed %d", 7) | sd_journal_send("MESSAGE=sent", "PRIORITY=4", (char *)0); }
"""


def test_what_libsystemd_sends_for_a_recorded_call_is_its_mirror():
    libsystemd()
    with tempfile.TemporaryDirectory() as t, Datagrams(JOURNAL + "socket") as journal, Run() as run:
        with open(t + "/p.c", "w") as f:
            f.write(MIRRORED)
        subprocess.run(["gcc", "-w", "-o", t + "/p", t + "/p.c", "-l:libsystemd.so.0"], check=True)
        equal(run.program([t + "/p"]).returncode, 0)
        came = journal.take()
        equal(len(came), 2)
        equal(run.pieces("journal"), [])
        equal(run.pieces("journal", mirror=True), came)
        equal(len(run.messages("journal")), 2)


PASS = """import array, os, socket, sys
f = os.memfd_create("journal", os.MFD_ALLOW_SEALING)
os.write(f, b"MESSAGE=" + b"x" * int(sys.argv[1]))
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [f]))], 0, sys.argv[2])
s.sendmsg([], [], 0, sys.argv[2])
s.sendmsg([b"after"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [f]))], 0, sys.argv[2])
"""


def test_a_long_journal_entry_comes_as_a_file():
    with Datagrams(JOURNAL + "socket") as journal, Run() as run:
        p = run.program(python(PASS, "100000", journal.address))
        equal((p.returncode, p.stderr), (0, b""))
        equal(journal.take(), [b"", b"", b"after"])
        equal(run.text("journal"), (b"MESSAGE=" + b"x" * 100000)[:65536] + b"after")
        true(any(r.flags & TRUNCATED for r in run.records()), "only the front is there")
    with Datagrams(JOURNAL + "socket") as journal, Run() as run:
        p = run.program(python(PASS, "20", journal.address))
        equal(run.pieces("journal"), [b"MESSAGE=" + b"x" * 20, b"after"])
        equal([r for r in run.records() if r.flags & TRUNCATED], [])


def test_a_datagram_that_is_too_long_is_not_recorded():
    with Datagrams(JOURNAL + "socket") as journal, Run() as run:
        script = """import errno, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for n in 500, 60000, 100000, 20000000:
    try:
        s.send(b"x" * n)
    except OSError as e:
        sys.exit(e.errno != errno.EMSGSIZE or n != 20000000)
"""
        p = run.program(python(script, journal.address))
        equal((p.returncode, p.stderr), (0, b""))
        equal([len(d) for d in journal.take()], [500, 60000, 100000])
        equal(len(run.text("journal")), 160500)


def test_a_stream_to_the_journal_goes_on_in_what_it_executes():
    need("systemd-cat")
    with Connections(JOURNAL + "stdout") as journal, Run() as run:
        p = run.program(["systemd-cat", "-t", "cat", "-p", "warning", "sh", "-c", "echo out; echo err >&2; sh -c 'echo deeper'"])
        equal((p.returncode, p.stdout, p.stderr), (0, b"", b""))
        came = journal.take()
        equal(came[-1], b"cat\n\n4\n1\n0\n0\n0\nout\nerr\ndeeper\n")
        equal(run.text("journal_text"), b"".join(came))
        equal(run.text("stdout") + run.text("stderr"), b"")


main(globals())
