"""Grey, RGB and RGBA images of bytes, shorts and floats."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("images.rrd")

rr.set_time("frame", sequence=1)
rr.log("camera/grey", rr.Image(np.arange(12, dtype=np.uint8).reshape(3, 4)))
rr.log("camera/rgb", rr.Image(np.arange(36, dtype=np.uint8).reshape(3, 4, 3)))
rr.log("camera/rgba", rr.Image(np.arange(48, dtype=np.uint8).reshape(3, 4, 4)))
rr.log("camera/short", rr.Image(np.arange(12, dtype=np.uint16).reshape(3, 4) * 1000))
rr.log("camera/float", rr.Image(np.arange(12, dtype=np.float32).reshape(3, 4) / 16))
