"""A recording in memory, taken out as bytes, twice."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
memory = rr.memory_recording()
for part in ("first", "second"):
    for i in range(10):
        rr.set_time("step", sequence=i)
        rr.log(f"plot/{part}", rr.Scalars(i * 0.5))
    with open(f"{part}.rrd", "wb") as f:
        f.write(memory.drain_as_bytes())
