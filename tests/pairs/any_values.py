"""Values of one's own, single and many."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("any_values.rrd")

rr.set_time("step", sequence=1)
rr.log("sensor/one", rr.AnyValues(temperature=21.5, count=7, name="north", ok=True))
rr.log("sensor/many", rr.AnyValues(samples=[1.5, 2.5, 3.5], indices=[1, 2, 3], tags=["a", "b", "c"]))
rr.set_time("step", sequence=2)
rr.log("sensor/one", rr.AnyValues(temperature=-3.25, count=8, name="south", ok=False))
