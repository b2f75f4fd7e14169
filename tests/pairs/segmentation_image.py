"""Class numbers as an image, and what they mean."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("segmentation_image.rrd")

rr.log("camera", rr.AnnotationContext([(0, "background", (10, 10, 10)), (1, "person", (255, 0, 0)), (2, "car", (0, 0, 255))]), static=True)
rr.set_time("frame", sequence=1)
rr.log("camera/classes", rr.SegmentationImage((np.arange(24, dtype=np.uint8) % 3).reshape(4, 6)))
rr.log("camera/many", rr.SegmentationImage((np.arange(24, dtype=np.uint16) * 20).reshape(4, 6)))
