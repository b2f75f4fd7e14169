"""One recording into two files at once, then into a third one."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.set_sinks(rr.FileSink("one.rrd"), rr.FileSink("two.rrd"))
rr.set_time("step", sequence=1)
rr.log("plot/a", rr.Scalars(1))
rr.set_sinks(rr.FileSink("three.rrd"))
rr.set_time("step", sequence=2)
rr.log("plot/a", rr.Scalars(2))
