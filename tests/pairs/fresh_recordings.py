"""Two recordings with ids of their own, used by turns."""
import rerun as rr

a = rr.RecordingStream("pairs", recording_id="a", send_properties=False)
b = rr.RecordingStream("pairs", recording_id="b", send_properties=False)
a.save("a.rrd")
b.save("b.rrd")
for i in range(10):
    rec = b if i % 3 else a
    rec.set_time("step", sequence=i)
    rec.log("plot/turns", rr.Scalars(i))
