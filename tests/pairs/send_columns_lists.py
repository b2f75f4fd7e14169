"""Rows of several points: a column cut into unequal parts."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("send_columns_lists.rrd")

rr.send_columns("world/cloud", indexes=[rr.TimeColumn("step", sequence=[10, 20, 30, 40])],
                columns=[*rr.Points3D.columns(positions=[[i, i * 0.5, -i] for i in range(10)]).partition([1, 0, 4, 5]),
                         *rr.Points3D.columns(radii=[1, 2, 3, 4])])
