"""Several meshes: an entity each."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("meshes.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/parts/0", rr.Mesh3D(vertex_positions=[[0, 0, 0], [1, 0, 0], [0, 1, 0]], triangle_indices=[[0, 1, 2]]))
rr.log("world/parts/1", rr.Mesh3D(vertex_positions=[[0, 0, 4], [1, 0, 4], [0, 1, 4], [1, 1, 4]], triangle_indices=[[0, 1, 2], [1, 2, 3]]))
