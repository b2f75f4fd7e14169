"""Only the official API: a component of one's own, and one of Rerun's."""
import pyarrow as pa
import rerun as rr

SPEED = rr.ComponentDescriptor("Motion:speed", archetype="my.Motion", component_type="my.Speed")


class Speeds(rr.ComponentBatchLike):
    def __init__(self, values):
        self.values = values

    def component_type(self):
        return "my.Speed"

    def as_arrow_array(self):
        return pa.array(self.values, pa.float32())


rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("raw_components.rrd")

rr.set_time("step", sequence=3)
rr.log("sensor", [rr.DescribedComponentBatch(Speeds([1.5, 2.5]), SPEED)], rr.Points3D([[1, 2, 3], [4, 5, 6]]))
rr.log("sensor/fixed", [rr.DescribedComponentBatch(Speeds([0.0]), SPEED)], static=True)
