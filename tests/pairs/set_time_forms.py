"""Times in seconds and nanoseconds, large and small."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("set_time_forms.rrd")

rr.set_time("since", duration=2.5)
rr.set_time("wall", timestamp=1_700_000_000.25)
rr.log("plot/secs", rr.Scalars(1))
rr.reset_time()
rr.set_time("since", duration=np.timedelta64(1234567891, "ns"))
rr.set_time("wall", timestamp=np.datetime64(1_700_000_000_123_456_789, "ns"))
rr.log("plot/nanos", rr.Scalars(2))
