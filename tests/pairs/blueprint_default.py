"""A default blueprint that goes with a file: logs beside a plot of a fixed range."""
import rerun as rr
import rerun.blueprint as rrb

blueprint = rrb.Blueprint(rrb.Tabs(
    rrb.TextLogView(origin="/logs", name="Logs", format_options=rrb.TextLogFormat(monospace_body=True)),
    rrb.TimeSeriesView(origin="/plot", name="Plot", axis_y=rrb.ScalarAxis(range=(-1, 5)),
                       plot_legend=rrb.PlotLegend(corner=rrb.Corner2D.RightBottom, visible=True)),
    active_tab=1, name="Tabs"))
rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("blueprint_default.rrd", default_blueprint=blueprint)
rr.set_time("step", sequence=1)
rr.log("plot/a", rr.Scalars(1))
