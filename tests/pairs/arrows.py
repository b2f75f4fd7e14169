"""Arrows in space."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("arrows.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/arrow", rr.Arrows3D(origins=[[1, 2, 3]], vectors=[[0, 0, 1.5]], radii=[0.5], colors=[[0, 255, 255]], labels=["up"]))
rr.log("world/fan", rr.Arrows3D(vectors=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], colors=[[255, 0, 0], [0, 255, 0], [0, 0, 255]]))
