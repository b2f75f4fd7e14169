"""Text rows: levels, a level of one's own, none at all, and colours."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("text_levels.rrd")

for i, level in enumerate(["CRITICAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "NOTICE"]):
    rr.set_time("step", sequence=i)
    rr.log("logs/app", rr.TextLog(f"line {i}: größe 世界", level=level))
rr.set_time("step", sequence=7)
rr.log("logs/plain", rr.TextLog("neither level nor colour"))
rr.log("logs/colour", rr.TextLog("orange", level="INFO", color=(255, 128, 0)))
rr.log("logs/colour", rr.TextLog("", level="INFO", color=(1, 2, 3, 4)))
