"""Points of space."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("points3d.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/one", rr.Points3D([[1, 2, 3]]))
rr.log("world/cloud", rr.Points3D([[i * 0.5, -i, i * i] for i in range(50)], radii=[0.125], colors=[[255, 200, 0]]))
rr.log("world/named", rr.Points3D([[0, 0, 1], [0, 0, 2]], labels=["low", "high"], class_ids=[1, 2], keypoint_ids=[10, 11], radii=[0.5, 1.5],
                                  colors=[[1, 2, 3], [4, 5, 6, 7]]))
rr.set_time("frame", sequence=2)
rr.log("world/one", rr.Points3D([]))
