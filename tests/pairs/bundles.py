"""Points, arrows and values of one's own in one row."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("bundles.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/probe", rr.Points3D([[1, 2, 3], [4, 5, 6]], radii=[0.5, 1.0]),
       rr.Arrows3D(vectors=[[1, 0, 0], [0, 1, 0]], radii=[0.125, 0.25]), rr.AnyValues(confidence=[0.5, 0.75], source="lidar"))
