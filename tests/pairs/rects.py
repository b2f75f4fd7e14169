"""Rectangles in six ways to write them."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("rects.rrd")

rr.set_time("frame", sequence=1)
for name in ["xywh", "yxhw", "xyxy", "yxyx", "xcycwh", "xcycw2h2"]:
    rr.log(f"plane/{name}", rr.Boxes2D(half_sizes=[[1.5, 2.0]], centers=[[2.5, 4.0]]))
rr.log("plane/many", rr.Boxes2D(half_sizes=[[1, 1], [2, 0.5]], centers=[[1, 1], [5, 5]], colors=[[255, 0, 0], [0, 255, 0]],
                                labels=["cat", "dog"], class_ids=[1, 2]))
