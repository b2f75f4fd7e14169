"""The careful reader that tests/bench/run compares with: lines from stdin into an .rrd by Rerun's Python SDK, by column and in batches."""
import re
import sys
import time

import rerun as rr

LEVEL = re.compile(rb"\b(CRITICAL|ERROR|WARN|INFO|DEBUG|TRACE)\b")
BATCH = 4096


def send(texts, levels, times):
    rr.send_columns("/logs/app/stderr", indexes=[rr.TimeColumn("log_time", timestamp=times)],
                    columns=rr.TextLog.columns(text=texts, level=levels))


def main():
    rr.init("reader", recording_id="reader")
    rr.save(sys.argv[1])
    texts, levels, times = [], [], []
    for line in sys.stdin.buffer:
        match = LEVEL.search(line)
        texts.append(line.rstrip(b"\n").decode("utf-8", "replace"))
        levels.append(match[1].decode() if match else "INFO")
        times.append(time.time_ns() / 1e9)
        if len(texts) == BATCH:
            send(texts, levels, times)
            texts, levels, times = [], [], []
    if texts:
        send(texts, levels, times)
    rr.get_global_data_recording().flush()


main()
