"""Two inits with one id: one recording, in two files; the second init closes the first file."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("first.rrd")
rr.set_time("step", sequence=1)
rr.log("plot/a", rr.Scalars(1))

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("second.rrd")
rr.set_time("step", sequence=2)
rr.log("plot/a", rr.Scalars(2))
