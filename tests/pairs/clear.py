"""An entity, and a tree of them, disappear."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("clear.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/point", rr.Points3D([[1, 1, 1]]))
rr.log("world/tree/leaf", rr.Points3D([[2, 2, 2]]))
rr.set_time("frame", sequence=2)
rr.log("world/point", rr.Clear(recursive=False))
rr.log("world/tree", rr.Clear(recursive=True))
