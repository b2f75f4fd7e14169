"""Pairs of points, each a line."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("line_segments.rrd")

rr.set_time("frame", sequence=1)
rr.log("plane/segments", rr.LineStrips2D([[[0, 0], [1, 1]], [[2, 2], [3, 1]]], radii=[1.0], colors=[[10, 20, 30]]))
rr.log("world/segments", rr.LineStrips3D([[[0, 0, 0], [1, 1, 1]], [[2, 2, 2], [3, 3, 1]], [[4, 0, 0], [5, 0, 0]]], radii=[0.125],
                                         colors=[[10, 20, 30]]))
