"""Plots with a style: a line, and scattered points."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("styled_scalars.rrd")

rr.log("plot/line", rr.SeriesLines(colors=[255, 0, 0], widths=2.5, names="red line"), static=True)
rr.log("plot/points", rr.SeriesPoints(colors=[0, 255, 0, 128], marker_sizes=4.0, names="green points"), static=True)
for i in range(10):
    rr.set_time("step", sequence=i)
    rr.log("plot/line", rr.Scalars(i * 0.5))
    rr.log("plot/points", rr.Scalars(-i * 0.25))
rr.log("plot/dots", rr.Scalars(7.5), rr.SeriesPoints(colors=[1, 2, 3], marker_sizes=2.0, names="dots"))
