"""A world of our own for tests that need a log daemon: mounts and network of this process alone, so that /dev/log, /run/systemd/journal and port 514
can be taken whatever the machine runs, nothing is left behind, and two tests at a time do not meet.

    own_world()                      # once, before threads; raises Skip where the system does not allow it
    with Datagrams("/dev/log") as d:
        ... d.take() == [b"<13>…"]
"""
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from shimtest import Skip

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 4096, 8192, 16384, 1 << 18
DEVICES = "null zero full random urandom tty ptmx shm pts".split()
JOURNAL = "/run/systemd/journal/"
_libc = ctypes.CDLL(None, use_errno=True)
_made = []


def _check(r, what):
    if r:
        raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))


def _mount(source, target, kind=None, flags=0):
    _check(_libc.mount(source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), None), "mount on " + target)


def _own_devices():
    place = tempfile.mkdtemp(prefix="retap-dev-")
    _mount("none", place, "tmpfs")
    for name in DEVICES:
        if not os.path.exists("/dev/" + name):
            continue
        to = place + "/" + name
        os.mkdir(to) if os.path.isdir("/dev/" + name) else open(to, "w").close()
        _mount("/dev/" + name, to, flags=MS_BIND | MS_REC)
    for name, to in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(to, place + "/" + name)
    _mount(place, "/dev", flags=MS_MOVE)
    os.rmdir(place)


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def own_world():
    if _made:
        return
    uid, gid = os.getuid(), os.getgid()
    try:
        flags = CLONE_NEWNS | CLONE_NEWNET
        _check(_libc.unshare(flags if uid == 0 else flags | CLONE_NEWUSER), "unshare")
        if uid:
            for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid)):
                with open("/proc/self/" + name, "w") as f:
                    f.write(text)
        _mount("none", "/", None, MS_REC | MS_PRIVATE)
        _own_devices()
        _mount("none", "/run", "tmpfs")
        os.makedirs(JOURNAL)
        _loopback_up()
    except OSError as why:
        raise Skip("no namespaces of our own here (%s)" % why)
    _made.append(True)


class Datagrams:
    """Who listens at a path, or at a port of this machine; keeps what comes."""
    def __init__(self, address):
        own_world()
        self.address = address
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(address if local else ("127.0.0.1", address))
        if local:
            os.chmod(address, 0o666)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        if isinstance(self.address, str):
            os.unlink(self.address)

    def take(self):
        found = []
        while True:
            try:
                found.append(self.socket.recv(1 << 20, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return found


class Connections:
    """Who accepts connections at a path or port, and reads what comes on them."""
    def __init__(self, address):
        own_world()
        self.address = address
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address if local else ("127.0.0.1", address))
        self.socket.listen(16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        if isinstance(self.address, str):
            os.unlink(self.address)

    def take(self):
        """All that the connections so far brought, each read to its end."""
        found = []
        self.socket.setblocking(False)
        while True:
            try:
                c, _ = self.socket.accept()
            except BlockingIOError:
                return found
            c.settimeout(10)
            with c:
                found.append(b"".join(iter(lambda: c.recv(65536), b"")))


class Rsyslog:
    """The real daemon at /dev/log and port 514 of UDP and TCP; lines() is what it wrote."""
    CONFIG = """module(load="imuxsock")
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="514")
input(type="imtcp" address="127.0.0.1" port="514")
template(name="t" type="string" string="%%pri%% %%programname%% %%msg%%\\n")
action(type="omfile" file="%s" template="t")
"""

    def __init__(self):
        if not shutil.which("rsyslogd"):
            raise Skip("rsyslogd is not installed")
        own_world()
        self.dir = tempfile.mkdtemp(prefix="retap-rsyslog-")
        with open(self.dir + "/conf", "w") as f:
            f.write(self.CONFIG % (self.dir + "/out"))
        self.popen = subprocess.Popen(["rsyslogd", "-n", "-f", self.dir + "/conf", "-i", self.dir + "/pid"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        end = time.monotonic() + 20
        while not self._listens():
            if self.popen.poll() is not None or time.monotonic() > end:
                raise Skip("rsyslogd does not start here")
            time.sleep(0.02)
        return self

    @staticmethod
    def _listens():
        try:
            with socket.create_connection(("127.0.0.1", 514), 1):
                return os.path.exists("/dev/log")
        except OSError:
            return False

    def __exit__(self, *_):
        self.popen.terminate()
        self.popen.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def lines(self, count, about=b""):
        """What it wrote, when there are @count lines with @about in them."""
        end = time.monotonic() + 20
        while True:
            try:
                with open(self.dir + "/out", "rb") as f:
                    lines = f.read().split(b"\n")[:-1]
            except FileNotFoundError:
                lines = []
            lines = [line for line in lines if b"rsyslogd" not in line and about in line]
            if len(lines) >= count or time.monotonic() > end:
                return lines
            time.sleep(0.02)
