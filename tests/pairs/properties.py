"""Properties of the recording."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("properties.rrd")

rr.send_property("situation", rr.AnyValues(weather="rain", wind=12.5, crew=3))
rr.send_property("robot", rr.Points3D([[1, 2, 3]], radii=[0.5]))
