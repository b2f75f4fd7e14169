"""Many log lines in one call, at times of one's own on log_time."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("text_columns.rrd")

n = 500
times = 1_700_000_000_000_000_000 + np.arange(n) * 1_000_000
rr.send_columns("logs/batch", indexes=[rr.TimeColumn("log_time", timestamp=times.astype("datetime64[ns]"))],
                columns=rr.TextLog.columns(text=[f"line {i}" for i in range(n)], level=[["INFO", "WARN"][i % 2] for i in range(n)]))
