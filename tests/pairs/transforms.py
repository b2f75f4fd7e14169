"""Other transforms: a scale, a matrix, a turn around an axis, none known."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("transforms.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/scaled", rr.Transform3D(translation=[1, 0, 0], scale=[2, 4, 8]))
rr.log("world/matrix", rr.Transform3D(mat3x3=[[1, 2, 3], [4, 5, 6], [7, 8, 10]]))
rr.log("world/turned", rr.Transform3D(rotation_axis_angle=rr.RotationAxisAngle(axis=[0, 0, 1], radians=0.5)))
rr.log("world/unknown", rr.Transform3D(scale=[0, 0, 0]))
