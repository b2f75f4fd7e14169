"""The name of the recording and when it began."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("recording_name.rrd")

rr.send_recording_name("a long walk")
rr.send_recording_start_time_nanos(1_700_000_000_123_456_789)
