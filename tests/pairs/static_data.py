"""Static rows: true at all times."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("static_data.rrd")

rr.set_time("frame", sequence=5)
rr.log("world/origin", rr.Points3D([[0, 0, 0]], radii=[0.5]), static=True)
rr.log("logs/notice", rr.TextLog("built for the arm of 2026", level="INFO"), static=True)
rr.log("world/moving", rr.Points3D([[1, 1, 1]]))
