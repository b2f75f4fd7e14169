"""A timeline is left out, then all are."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("timelines_off.rrd")

rr.set_time("frame", sequence=1)
rr.set_time("other", sequence=2)
rr.log("plot/both", rr.Scalars(1))
rr.disable_timeline("other")
rr.disable_timeline("never set")
rr.log("plot/frame", rr.Scalars(2))
rr.reset_time()
rr.set_time("third", sequence=3)
rr.log("plot/third", rr.Scalars(3))
