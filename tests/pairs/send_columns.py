"""A whole plot in one call, on two timelines."""
import numpy as np
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("send_columns.rrd")

step = np.arange(64)
rr.send_columns("plot/sine", indexes=[rr.TimeColumn("step", sequence=step), rr.TimeColumn("elapsed", duration=step * 0.5)],
                columns=rr.Scalars.columns(scalars=step * 0.25 - 4))
rr.send_columns("plot/wall", indexes=[rr.TimeColumn("wall", timestamp=(1_700_000_000_000_000_000 + step * 1000).astype("datetime64[ns]"))],
                columns=rr.Scalars.columns(scalars=step * step))
