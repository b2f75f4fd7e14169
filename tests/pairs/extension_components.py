"""The old way to add values: beside points, and alone."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("extension_components.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/points", rr.Points3D([[1, 2, 3], [4, 5, 6]]), rr.AnyValues(confidence=[0.5, 0.25]))
rr.log("world/alone", rr.AnyValues(corrosion=0.125, checked="yes"))
