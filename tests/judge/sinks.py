"""Sinks other than plain files, read by the official tools: drained memory, a callback, standard output into a pipe, a file, a reader that leaves and a
terminal, several files at once, a page of HTML, a recording sent on into another."""
import base64
import html
import os
import pty
import re
import struct
import subprocess
import warnings

import rerun as rr

from judge import encode
from judge import recording as judge

warnings.filterwarnings("ignore", message="RRD file has no footer")
EMIT = os.path.join(judge.BUILD, "tests/judge/emit_sinks")
ENV = {k: v for k, v in os.environ.items() if not k.startswith("RERUN")}


def emit(*args, **kw):
    p = subprocess.run([EMIT, *map(str, args)], stderr=subprocess.PIPE, env=ENV, **kw)
    judge.check(p.returncode == 0 and p.stderr.decode().endswith(" dropped 0\n"), args, p.returncode, p.stderr)
    return p


def verify(path):
    out, err = judge.cli("verify", path)
    judge.check((out + err).strip() == "1 file verified without error.", path, "verify said", out, err)


def texts(path):
    found = []
    for c in judge.RrdReader(path).stream().to_chunks():
        b = c.to_record_batch()
        if "TextLog:text" in b.schema.names:
            levels = b.column("TextLog:level").to_pylist() if "TextLog:level" in b.schema.names else [[]] * len(b)
            found += zip(b.column("seq").to_pylist(), b.column("TextLog:text").to_pylist(), levels)
    return sorted(found)


def rows(*counts):
    return sorted((i, [f"row {i}"], ["INFO"] if i % 5 else []) for n in counts for i in range(n))


def holds(path, *counts):
    verify(path)
    got = texts(path)
    judge.check(got == rows(*counts), path, "holds", len(got), "rows:", got[:3])


def to_stdout():
    with open("out.rrd", "wb") as out:
        emit("stdout", 1000, stdout=out)
    holds("out.rrd", 500, 500)
    with open("out.rrd", "ab") as out: # >>: a second stream behind the first
        emit("stdout", 10, stdout=out)
    judge.check(texts("out.rrd") == rows(500, 500, 5, 5), "an appended stream is not read")

    p = subprocess.Popen([EMIT, "stdout", "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    done = subprocess.run([judge.RERUN, "rrd", "print", "-v"], stdin=p.stdout, capture_output=True, text=True, env={**ENV, "CI": "1", "NO_COLOR": "1"})
    p.stdout.close()
    judge.check(p.wait() == 0 and done.returncode == 0, "print from a pipe:", done.stderr[-500:], p.stderr.read())
    said = re.findall(r"with ([\d_ ,]+) rows?.* - (/logs/\w)", done.stdout)
    judge.check(sum(int(re.sub(r"\D", "", n)) for n, _ in said) == 1000, "print from a pipe counts", said)

    # the reader is gone after the first byte: what comes later is held, the close says that it was in vain, and no signal comes
    shell = '"$0" stdout 4000 0.3 | head -c 1 >/dev/null; exit "${PIPESTATUS[0]}"'
    p = subprocess.run(["bash", "-c", shell, EMIT], stderr=subprocess.PIPE, env=ENV)
    judge.check(p.returncode == 1 and re.search(rb"stdout: nobody read it any more: \d+ rows are lost", p.stderr), "into head -c 1:", p.returncode, p.stderr)
    p = subprocess.run(["bash", "-c", '"$0" stdout 100 0.3 | true; exit "${PIPESTATUS[0]}"', EMIT], stderr=subprocess.PIPE, env=ENV)
    judge.check(p.returncode == 1 and b"lost" in p.stderr or b"never given" in p.stderr, "into true:", p.returncode, p.stderr)

    master, slave = pty.openpty()
    p = subprocess.run([EMIT, "stdout", "100"], stdout=slave, stderr=subprocess.PIPE, env=ENV)
    judge.check(p.returncode == 1 and b" rows were logged and never given to a file or another sink" in p.stderr, "on a terminal:", p.stderr)
    os.close(slave)
    try:
        seen = os.read(master, 1000)
    except OSError: # nothing, and nobody can write any more
        seen = b""
    judge.check(not seen, "a terminal got", seen)
    os.close(master)


def to_html():
    emit("html", "plain.html")
    emit("html", "page.html", 'http://127.0.0.1:9090/a"b<c>&d')
    page = open("page.html", encoding="utf-8").read()
    data = re.search(r'<script id="rrd"[^>]*>\s*([A-Za-z0-9+/=]+)\s*</script>', page)[1]
    with open("page.rrd", "wb") as f:
        f.write(base64.b64decode(data, validate=True))
    holds("page.rrd", 100)
    out, _ = judge.cli("print", "page.rrd")
    judge.check("Blueprint," in out and "make_active: true" in out, "the page's blueprint is missing")
    url = html.unescape(re.search(r'data-src="([^"]*)"', page)[1])
    judge.check(url == 'http://127.0.0.1:9090/a"b<c>&d?url=web_event://&persist=0&notebook=1', "frame of", url)
    judge.check('width="950" height="712"' in page and "patience = 2000" in page, "size or timeout of the page")
    judge.check("https://app.rerun.io/version/0.41.0?url=" in open("plain.html").read(), "the default viewer")
    # Rerun's rule has no such characters, so that none get into the title
    judge.check(re.search(r"<title>([\w \-]+)</title>", page), "title", re.search("<title>.*</title>", page))


def send_on():
    rec = rr.RecordingStream("another app", recording_id="another")
    rec.save("source.rrd")
    rec.set_time("tick", sequence=7)
    rec.log("/other/points", rr.Points3D([[1, 2, 3], [4, 5, 6]], labels=["a", "b"], colors=[0xff0000ff]))
    for i in range(6): # one chunk with null cells, when optimized
        rec.set_time("tick", sequence=i)
        rec.log("/other/gaps", rr.Points3D([[1, 2, 3]], labels=["a"] if i % 2 else None, colors=[1] if i == 3 else None))
    rec.log("/other/tensor", rr.Tensor([[1, 2], [3, 4]]))
    rec.log("/other/static", rr.TextDocument("for ever"), static=True)
    rec.send_columns("/other/columns", [rr.TimeColumn("tick", sequence=range(100)), rr.TimeColumn("at", duration=[i / 10 for i in range(100)])],
                     rr.Scalars.columns(scalars=[float(i) for i in range(100)]))
    rec.send_blueprint(rr.blueprint.Blueprint(rr.blueprint.Spatial3DView(origin="/other", name="Other")))
    rec.disconnect()
    emit("send", "source.rrd", "sent.rrd")
    verify("sent.rrd")
    judge.check(texts("sent.rrd") == rows(5), "own rows", texts("sent.rrd")[:3])
    reader = judge.RrdReader("sent.rrd")
    judge.check([(s.application_id, s.recording_id) for s in reader.recordings()] == [("sinks", "sinks")], "stores", reader.recordings())
    judge.check(len(reader.blueprints()) == 1, "blueprints", reader.blueprints())

    def others(path):
        return {str(c.id): (str(c.entity_path), c.to_record_batch()) for c in judge.RrdReader(path).stream().to_chunks()
                if str(c.entity_path).startswith("/other/")}

    sent, source = others("sent.rrd"), others("source.rrd")
    judge.check(len(source) >= 5 and sent.keys() == source.keys(), "chunks", sent.keys(), source.keys())
    for key, (path, batch) in source.items():
        judge.check(sent[key][0] == path and sent[key][1].equals(batch, check_metadata=True), path, "is another")
    judge.cli("merge", "sent.rrd", "-o", "merged.rrd")

    judge.cli("optimize", "source.rrd", "-o", "optimized.rrd")
    emit("send", "optimized.rrd", "sent3.rrd")
    verify("sent3.rrd")
    ours, theirs = (encode.facts(encode.manifests(p)[1][0]) for p in ("sent3.rrd", "optimized.rrd"))
    judge.check(any(len(set(rows.values()) - {None}) > 1 for (name, *_), rows in theirs.items() if name.endswith(":num_rows")), "no null cells")
    for key, said in theirs.items():
        for chunk, value in said.items():
            judge.check(ours[key].get(chunk) == value, "footer:", key[0], "is", ours[key].get(chunk), "officially", value)

    # cut inside a message: what is before is there, and the error says where
    data = open("source.rrd", "rb").read()
    at, chunks = 12, []
    while True: # the offsets of chunks
        kind, size = struct.unpack_from("<QQ", data, at)
        if kind == 0:
            break
        chunks += [at] if kind == 2 else []
        at += 16 + size
    open("cut.rrd", "wb").write(data[: chunks[3] + 100])
    open("before.rrd", "wb").write(data[: chunks[3]])
    p = subprocess.run([EMIT, "send", "cut.rrd", "sent2.rrd"], stderr=subprocess.PIPE, env=ENV)
    judge.check(p.returncode == 1 and re.match(b"1b cut.rrd: at byte %d: the file ends inside" % chunks[3], p.stderr), "cut:", p.stderr)
    verify("sent2.rrd")
    judge.check(texts("sent2.rrd") == rows(5) and others("sent2.rrd").keys() == others("before.rrd").keys(), "what was before the cut:",
                others("sent2.rrd").keys())


def main():
    emit("memory", "first.rrd", "second.rrd")
    holds("first.rrd", 10)
    holds("second.rrd", 20)
    emit("callback", "callback.rrd")
    holds("callback.rrd", 30)
    emit("both", "tee1.rrd", "tee2.rrd")
    judge.check(open("tee1.rrd", "rb").read() == open("tee2.rrd", "rb").read(), "two sinks did not get the same bytes")
    holds("tee1.rrd", 10, 10)
    emit("option", "option.rrd")
    holds("option.rrd", 10)
    out, _ = judge.cli("print", "option.rrd")
    judge.check(out.index("Blueprint,") < out.index("Recording,") and "make_active: false" in out, "the default blueprint of the options")
    to_stdout()
    to_html()
    send_on()
    print("all sinks hold what was logged")


if __name__ == "__main__":
    main()
