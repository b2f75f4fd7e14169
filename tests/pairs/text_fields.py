"""Text rows with fields beside them."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("text_fields.rrd")

rr.set_time("step", sequence=1)
rr.log("logs/arm", rr.TextLog("torque high", level="WARN"), rr.AnyValues(joint=3, nm=41.75, unit="Nm", stopped=False))
rr.set_time("step", sequence=2)
rr.log("logs/arm", rr.TextLog("torque normal", level="INFO"), rr.AnyValues(joint=3, nm=12.5, unit="Nm", stopped=True))
