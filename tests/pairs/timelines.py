"""Several timelines on one row: a number, a duration, a time of day."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("timelines.rrd")

for i in range(5):
    rr.set_time("frame", sequence=i - 2)
    rr.set_time("elapsed", duration=i * 0.25)
    rr.set_time("wall", timestamp=1_700_000_000.5 + i)
    rr.log("plot/a", rr.Scalars(i))
