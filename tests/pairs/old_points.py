"""The calls of the first SDKs for points, lines and meshes, as rows of today."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("old_points.rrd")

rr.set_time("frame", sequence=1)
style = dict(radii=[0.5], colors=[[1, 2, 3, 4]], labels=["here"], class_ids=[0], keypoint_ids=[7])
rr.log("plane/point", rr.Points2D([[1, 2]], **style))
rr.log("world/point", rr.Points3D([[1, 2, 3]], **style))
rr.log("world/points", rr.Points3D([[0, 0, 0], [1, 1, 1]], radii=[0.25], colors=[[9, 8, 7]], labels=["a", "b"], class_ids=[5]))
rr.log("plane/line", rr.LineStrips2D([[[0, 0], [1, 2], [2, 0]]], radii=[1.5], colors=[[0, 0, 255]]))
rr.log("world/mesh", rr.Mesh3D(vertex_positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0]], albedo_factor=[255, 0, 0, 255]))
rr.log("elsewhere", rr.Transform3D(scale=[0, 0, 0]))
rr.log("world/points", rr.Clear(recursive=True))
