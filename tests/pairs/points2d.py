"""Points of the plane, with all that a point may have."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("points2d.rrd")

rr.set_time("frame", sequence=1)
rr.log("plane/one", rr.Points2D([[1.5, 2.5]]))
rr.log("plane/many", rr.Points2D([[0, 0], [1, 0.5], [2, 1]], radii=[0.25, 0.5, 0.75], colors=[[255, 0, 0], [0, 255, 0], [0, 0, 255, 128]],
                                 labels=["a", "b", "c"], class_ids=[1, 2, 3], keypoint_ids=[4, 5, 6], draw_order=7.0))
rr.set_time("frame", sequence=2)
rr.log("plane/many", rr.Points2D([[9, 9]], radii=[1], colors=[[9, 9, 9]], labels=["all"], class_ids=[9], keypoint_ids=[9], draw_order=8.0))
