"""Oriented boxes."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("boxes3d.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/box", rr.Boxes3D(half_sizes=[[1, 2, 3]], centers=[[4, 5, 6]], quaternions=[rr.Quaternion(xyzw=[0, 0, 0.5, 0.5])], radii=[0.25],
                               colors=[[255, 255, 0]], labels=["crate"], class_ids=[3]))
rr.log("world/boxes", rr.Boxes3D(half_sizes=[[1, 1, 1], [2, 2, 2]], centers=[[0, 0, 0], [9, 9, 9]]))
