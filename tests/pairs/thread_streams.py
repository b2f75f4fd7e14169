"""Every thread has a recording and a file of its own."""
import threading

import rerun as rr


@rr.thread_local_stream("pairs")
def job(number):
    rr.save(f"job{number}.rrd")
    for i in range(20):
        rr.set_time("step", sequence=i)
        rr.log("plot/job", rr.Scalars(number * 100 + i))


threads = [threading.Thread(target=job, args=[n]) for n in (1, 2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
