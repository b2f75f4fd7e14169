"""Which recording is current: the global one, the thread's own, that of a block."""
import threading

import rerun as rr

rr.init("pairs", recording_id="global", send_properties=False)
rr.save("global.rrd")
block = rr.RecordingStream("pairs", recording_id="block", send_properties=False)
block.save("block.rrd")
own = rr.RecordingStream("pairs", recording_id="own", send_properties=False)
own.save("own.rrd")


def other_thread():
    rr.set_time("step", sequence=3)
    rr.log("plot/other", rr.Scalars(3))
    rr.set_thread_local_data_recording(own)
    rr.log("plot/other", rr.Scalars(4))
    rr.set_thread_local_data_recording(None)
    rr.log("plot/other", rr.Scalars(5))


rr.set_time("step", sequence=1)
rr.log("plot/main", rr.Scalars(1))
with block:
    rr.set_time("step", sequence=2)
    rr.log("plot/main", rr.Scalars(2))
    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    with own:
        rr.set_time("step", sequence=6)
        rr.log("plot/main", rr.Scalars(6))
    rr.log("plot/main", rr.Scalars(7))
rr.log("plot/main", rr.Scalars(8))
