"""The calls of the first SDKs for images and tensors, as rows of today."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("old_images.rrd")

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
rgb = (np.arange(36) * 7).astype(np.uint8).reshape(3, 4, 3)
grey = (np.arange(12) * 5000).astype(np.uint16).reshape(3, 4)
rr.set_time("frame", sequence=1)
rr.log("camera/rgb", rr.Image(rgb))
rr.log("camera/depth", rr.DepthImage(grey, meter=1000.0))
rr.log("camera/classes", rr.SegmentationImage(grey))
rr.log("camera/file", rr.EncodedImage(contents=JPEG, media_type="image/jpeg"))
rr.log("tensor/cube", rr.Tensor(rgb, dim_names=["y", "x", "c"]))
rr.log("tensor/bars", rr.BarChart(np.array([1, 4, 9.5])))
