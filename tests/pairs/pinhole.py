"""A camera."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("pinhole.rrd")

rr.set_time("frame", sequence=1)
rr.log("world/camera", rr.Pinhole(image_from_camera=[[500, 0.5, 320], [0, 510, 240], [0, 0, 1]], resolution=[640, 480]))
