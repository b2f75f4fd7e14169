"""Many log lines in one call."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("send_columns_text.rrd")

n = 500
levels = ["INFO", "WARN", "ERROR"]
rr.send_columns("logs/batch", indexes=[rr.TimeColumn("step", sequence=range(n))],
                columns=rr.TextLog.columns(text=[f"line {i}" for i in range(n)], level=[levels[i % 3] for i in range(n)]))
