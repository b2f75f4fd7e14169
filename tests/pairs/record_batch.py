"""A record batch of Arrow, and a stream of them."""
import pyarrow as pa
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("record_batch.rrd")


def batch(entity, frames, values):
    fields = [pa.field("frame", pa.int64(), metadata={"rerun:kind": "index", "rerun:index_name": "frame"}),
              pa.field("scalars", pa.list_(pa.float64()), metadata={
                  "rerun:kind": "data", "rerun:entity_path": entity, "rerun:archetype": "rerun.archetypes.Scalars",
                  "rerun:component": "Scalars:scalars", "rerun:component_type": "rerun.components.Scalar"})]
    return pa.record_batch([pa.array(frames), pa.array([[v] for v in values], pa.list_(pa.float64()))], pa.schema(fields))


rr.send_record_batch(batch("/plot/batch", [1, 2, 3], [0.5, 1.5, 2.5]))
stream = [batch("/plot/stream", [1, 2], [10, 20]), batch("/plot/stream", [3, 4, 5], [30, 40, 50])]
rr.send_dataframe(pa.RecordBatchReader.from_batches(stream[0].schema, stream))
