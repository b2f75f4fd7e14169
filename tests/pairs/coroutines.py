"""A coroutine keeps its recording to itself: what its caller logs between two of its steps goes elsewhere."""
import rerun as rr

rr.init("pairs", recording_id="outside", send_properties=False)
rr.save("outside.rrd")
inside = rr.RecordingStream("pairs", recording_id="inside", send_properties=False)
inside.save("inside.rrd")


def steps():
    for i in range(3):
        inside.set_time("step", sequence=i)
        inside.log("plot/inside", rr.Scalars(i))
        yield i


for i in steps():
    rr.set_time("step", sequence=10 + i)
    rr.log("plot/outside", rr.Scalars(10 + i))
