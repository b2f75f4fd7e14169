"""A plot: one number a row."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("scalars.rrd")

for i in range(100):
    rr.set_time("step", sequence=i)
    rr.log("plot/square", rr.Scalars(i * i / 16.0))
    rr.log("plot/saw", rr.Scalars(i % 7 - 3.0))
