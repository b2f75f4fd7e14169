"""Which way is up."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("view_coordinates.rrd")

rr.log("world", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
rr.log("other", rr.ViewCoordinates.LEFT_HAND_Y_DOWN, static=True)
rr.log("camera", rr.ViewCoordinates.RDF, static=True)
rr.set_time("frame", sequence=1)
rr.log("moving", rr.ViewCoordinates.FLU)
