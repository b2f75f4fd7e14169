"""What a viewer should show and how: sent with the recording, as the active one and the default one."""
import rerun as rr
import rerun.blueprint as rrb

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("blueprint.rrd")

rr.set_time("step", sequence=1)
rr.log("plot/a", rr.Scalars(1))
rr.send_blueprint(rrb.Blueprint(
    rrb.Vertical(
        rrb.TextLogView(origin="/logs", name="All logs"),
        rrb.Horizontal(
            rrb.TimeSeriesView(origin="/plot", name="Plots", contents=["$origin/**", "- /plot/noise"]),
            rrb.Spatial3DView(origin="/world", name="World"),
            column_shares=[1, 2], name="Below"),
        row_shares=[3, 1], name="All"),
    rrb.SelectionPanel(state="hidden"),
    rrb.TimePanel(state="collapsed", timeline="step")))
