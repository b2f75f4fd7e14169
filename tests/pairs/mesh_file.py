"""A mesh file in memory, turned and moved."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("mesh_file.rrd")

OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"
rr.set_time("frame", sequence=1)
rr.log("world/asset", rr.Asset3D(contents=OBJ, media_type="model/obj"),
       rr.Transform3D(translation=[1, 2, 3], mat3x3=[[0, -1, 0], [1, 0, 0], [0, 0, 1]]))
