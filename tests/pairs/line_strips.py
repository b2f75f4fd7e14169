"""Polylines in the plane and in space."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("line_strips.rrd")

rr.set_time("frame", sequence=1)
rr.log("plane/path", rr.LineStrips2D([[[0, 0], [1, 1], [2, 0.5]]], radii=[0.25], colors=[[255, 0, 255]]))
rr.log("world/path", rr.LineStrips3D([[[0, 0, 0], [1, 1, 1], [2, 0, 4], [3, 0.5, 0]]], radii=[0.5], colors=[[0, 128, 255, 200]]))
rr.set_time("frame", sequence=2)
rr.log("world/path", rr.LineStrips3D([[[0, 0, 0], [1, 0, 0]], [[5, 5, 5], [6, 6, 6], [7, 7, 7]]], radii=[0.5], colors=[[0, 128, 255, 200]]))
