"""Columns without a timeline: static."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("send_columns_static.rrd")

rr.send_columns("world/fixed", indexes=[], columns=rr.Points3D.columns(positions=[[1, 2, 3], [4, 5, 6]]).partition([2]))
