"""A depth image, a metre being 1000."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("depth_image.rrd")

rr.set_time("frame", sequence=1)
rr.log("camera/depth", rr.DepthImage(np.arange(20, dtype=np.uint16).reshape(4, 5) * 100, meter=1000.0))
rr.log("camera/metres", rr.DepthImage(np.arange(20, dtype=np.float32).reshape(4, 5) * 0.25))
