"""Four dimensions, three, and one."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("tensor.rrd")

rr.set_time("frame", sequence=1)
rr.log("tensor/four", rr.Tensor(np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5) / 8, dim_names=["batch", "channel", "height", "width"]))
rr.log("tensor/bytes", rr.Tensor(np.arange(6, dtype=np.uint8).reshape(1, 2, 3)))
rr.log("tensor/bars", rr.BarChart(np.array([1, 4, 9, 16.5])))
