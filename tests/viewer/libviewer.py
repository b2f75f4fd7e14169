"""The official viewer as a judge: headless, no display, driven through `rerun viewer-mcp` (JSON-RPC, one line a message).

    with Viewer("a.rrd") as v:
        v.until("row", lambda: v.text_seen("hello"))
        assert not v.complaints()
"""
import glob
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

NOISE = re.compile(r"Software rasterizer detected|Docker container|Transparent window")  # always there without a GPU


def binary():
    """The viewer itself, not pip's wrapper script, which would leave it behind when it is ended."""
    found = glob.glob(os.path.join(os.environ["RETAP_VENV"], "lib/python3.*/site-packages/rerun_cli/rerun"))
    if not found:
        print("no rerun in", os.environ["RETAP_VENV"])
        sys.exit(77)
    return found[0]


def flat(nodes):
    return [w for n in nodes for w in [n, *flat(n.get("children", []))]]


class Viewer:
    def __init__(self, *sources, size="1280x1600", patience=30):
        self.sources, self.size, self.patience, self.ids = sources, size, patience, itertools.count(1)

    def __enter__(self):
        self.tmp = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.viewer = self.start("--headless", "--hide-welcome-screen", "--bind", "127.0.0.1", "--port", str(port),
                                 "--window-size", self.size, *self.sources, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.mcp = self.start("viewer-mcp", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.rpc("initialize", protocolVersion="2025-03-26", capabilities={}, clientInfo={"name": "retap", "version": "0"})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.until("the viewer", lambda: self.tool("rerun_connect", endpoint=f"http://127.0.0.1:{port}"))
        self.until("a recording", lambda: self.tool("rerun_get_state")["active_store_id"])
        return self

    def __exit__(self, *exc):
        for p in (self.mcp, self.viewer):
            try:
                os.killpg(p.pid, signal.SIGTERM)
                p.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                p.kill()
        self.tmp.cleanup()

    def start(self, *args, **kw):
        env = {**os.environ, "CI": "1", "TMPDIR": self.tmp.name}
        return subprocess.Popen([binary(), *args], env=env, start_new_session=True, **kw)

    def send(self, message):
        self.mcp.stdin.write(json.dumps(message) + "\n")
        self.mcp.stdin.flush()

    def rpc(self, method, **params):
        i = next(self.ids)
        self.send({"jsonrpc": "2.0", "id": i, "method": method, "params": params})
        while True:
            line = self.mcp.stdout.readline()
            if not line:
                raise SystemExit("viewer-mcp ended")
            m = json.loads(line)
            if m.get("id") == i:
                return m["result"]

    def tool(self, name, **args):
        r = self.rpc("tools/call", name=name, arguments=args)
        if r.get("isError"):
            raise RuntimeError(r["content"][0]["text"])
        return json.loads(r["content"][0]["text"])

    def until(self, what, fn):
        end = time.time() + self.patience
        while True:
            try:
                if fn():
                    return
            except (RuntimeError, KeyError):
                pass
            if time.time() > end or self.viewer.poll() is not None:
                print("FAILED: not seen in the viewer:", what)
                sys.exit(1)
            time.sleep(0.05)

    def text_seen(self, text):
        nodes = flat(self.tool("widget_tree", content_contains=text[:90])["nodes"])
        return any(text in w.get("value", "") + w.get("label", "") for w in nodes)

    def entities(self):
        return {e["entity_path"] for e in self.tool("rerun_get_recording_schema")["entities"]}

    def time_range(self, timeline):
        state = self.tool("rerun_get_state")
        recording = next(r for r in state["recordings"] if r["store_id"] == state["active_store_id"])
        r = next(t["time_range"] for t in recording["timelines"] if t["timeline"]["name"] == timeline)
        return int(r["start"]), int(r["end"])

    def complaints(self):
        return [f'{e["level"]} {e["target"]}: {e["message"]}' for e in self.tool("rerun_get_logs")["entries"]
                if e["level"] in ("WARN", "ERROR") and not NOISE.search(e["message"])]
