"""A triangle with all that a mesh may have, and a bare one."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("mesh.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/mesh", rr.Mesh3D(vertex_positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0]], vertex_normals=[[0, 0, 1], [0, 0, 1], [0, 0, 1]],
                               vertex_colors=[[255, 0, 0], [0, 255, 0], [0, 0, 255]], triangle_indices=[[0, 1, 2]],
                               albedo_factor=[255, 255, 255, 128]))
rr.log("world/soup", rr.Mesh3D(vertex_positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 0, 0], [6, 0, 0], [5, 1, 0]]))
