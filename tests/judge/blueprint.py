"""Blueprints made by the C API hold what those of the Python SDK hold: same entities, components and values; the official tools read them, alone,
as a recording's default, loaded and saved again."""
import os
import re
import subprocess
import sys

import pyarrow as pa
import rerun as rr
import rerun.blueprint as rrb

from judge import recording as judge

EMIT = os.path.join(judge.BUILD, "tests/judge/emit_blueprint")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def official_all():
    everything = rr.TimeRange(start=rr.TimeRangeBoundary.infinite(), end=rr.TimeRangeBoundary.infinite())
    classes = [rrb.TextDocumentView, rrb.Spatial3DView, rrb.BarChartView, rrb.TensorView, rrb.GraphView, rrb.StateTimelineView, rrb.AudioView]
    names = ["TextDocument", "3D", "BarChart", "Tensor", "Graph", "StateTimeline", "Audio"]
    ts = rrb.TimeSeriesView(
        origin="/a", name="ts", contents=["+ /a/**"], axis_x=rrb.TimeAxis(link="Independent", view_range=everything),
        axis_y=rrb.ScalarAxis(range=(0, 10), zoom_lock=True), plot_legend=rrb.PlotLegend(visible=False),
        overrides={r"/a/b\ c": rr.SeriesLines(colors=[0xff0000ff]), "/v": rrb.EntityBehavior(visible=False)},
        defaults=[rr.SeriesLines.from_fields(widths=[2.0])],
        time_ranges=[rr.VisibleTimeRange("log_time", start=rr.TimeRangeBoundary.cursor_relative(seq=-3), end=rr.TimeRangeBoundary.infinite())])
    log = rrb.TextLogView(origin="/logs", name="L", visible=True, rows=rrb.TextLogRows(filter_by_log_level=["INFO", "WARN", "ERROR"]),
                          columns=rrb.TextLogColumns(timeline_columns=["log_time", "log_tick"], text_log_columns=["loglevel", "entitypath", "body"]),
                          format_options=rrb.TextLogFormat(monospace_body=True))
    return rrb.Blueprint(
        rrb.Horizontal(
            ts, log,
            rrb.Spatial2DView(origin="/2", name="two", background=[1, 2, 3, 255], visual_bounds=rrb.VisualBounds2D(x_range=[0, 1], y_range=[2, 3])),
            rrb.Grid(*[c(origin="/", name=n) for c, n in zip(classes, names)], rrb.MapView(origin="/m", name="map", zoom=5.0, background="openstreetmap"),
                     grid_columns=3, name="G"),
            rrb.DataframeView(origin="/", name="T", titlebar=False, query=rrb.archetypes.DataframeQuery(timeline="log_time", apply_latest_at=False)),
            column_shares=[1, 2, 3, 4, 5], name="H"),
        rrb.TimePanel(state="collapsed", timeline="log_time", play_state="following", loop_mode="selection", playback_speed=2.0, fps=10.0,
                      time_selection=rrb.components.AbsoluteTimeRange(1, 5)),
        rrb.SelectionPanel(state="hidden"), rrb.BlueprintPanel(state="collapsed"), auto_views=False, auto_layout=False)


OFFICIAL = {"all": official_all,
            "tabs": lambda: rrb.Blueprint(rrb.TextLogView(origin="/x", name="X"), rrb.TextLogView(origin="/y", name="Y")),
            "front": lambda: rrb.Blueprint(rrb.Tabs(rrb.TextLogView(origin="/x", name="X"), rrb.TextLogView(origin="/y", name="Y"), active_tab="Y", name="F")),
            "one": lambda: rrb.Blueprint(rrb.TextLogView(origin="/x", name="X")),
            "empty": lambda: rrb.Blueprint()}
# what the Python SDK writes by itself and nobody asked for
OF_PYTHON = {"DataframeQuery:auto_scroll"}


class Content:
    """Values by (entity, component), ids replaced by what they belong to."""

    def __init__(self, chunks):
        cells, self.static, self.timelines = {}, set(), set()
        for c in chunks:
            b = c.to_record_batch()
            for i, f in enumerate(b.schema):
                kind = (f.metadata or {}).get(b"rerun:kind")
                if kind == b"data":
                    column = b.column(i)
                    judge.check(len(column) == 1, c.entity_path, f.name, "rows:", len(column))
                    cells[str(c.entity_path), f.name] = (str(f.type), plain(column.cast(f.type).to_pylist()[0]), f.metadata.get(b"rerun:component_type"))
                    if c.is_static:
                        self.static.add(f.name)
                elif kind == b"index":
                    self.timelines.add((f.name, str(f.type), str(b.column(i)[0]) if f.name == "blueprint" else ""))
        names = {}
        for (path, component), (_, value, _) in cells.items():
            if component in ("ViewBlueprint:display_name", "ContainerBlueprint:display_name"):
                names[UUID.search(path)[0]] = value[0]
        for (path, component), (_, value, _) in cells.items():
            if component == "VisualizerInstruction:visualizer_type":
                names[UUID.findall(path)[-1]] = "visualizer " + value[0]
        self.names = names
        self.cells = {(self.named(p), c): (t, self.named(v), ct) for (p, c), (t, v, ct) in cells.items() if c not in OF_PYTHON}

    def named(self, value):
        if isinstance(value, list):
            if len(value) == 16 and all(isinstance(x, int) for x in value):
                h = bytes(value).hex()
                value = f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
            else:
                return [self.named(v) for v in value]
        return UUID.sub(lambda m: f"<{self.names.get(m[0], 'unnamed')}>", value) if isinstance(value, str) else value


def plain(value):
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def content(path, number=0):
    reader = judge.RrdReader(path)
    return Content(reader.stream(store=reader.blueprints()[number]).to_chunks())


def emit(*args):
    p = subprocess.run([EMIT, *args], capture_output=True, text=True, env={k: v for k, v in os.environ.items() if k != "RERUN"})
    judge.check(p.returncode == 0, args, p.stderr)


def same(what, ours, theirs):
    for key in sorted(set(ours.cells) | set(theirs.cells)):
        judge.check(ours.cells.get(key) == theirs.cells.get(key), what, key, "is", ours.cells.get(key), "officially", theirs.cells.get(key))
    judge.check(ours.static == theirs.static, what, "static:", ours.static, theirs.static)
    judge.check(ours.timelines == theirs.timelines, what, "timelines:", ours.timelines, theirs.timelines)


def fine(path):
    out, err = judge.cli("verify", path)
    judge.check((out + err).strip() == "1 file verified without error.", "verify said", out, err)
    out, err = judge.cli("print", "-vv", path)
    judge.check(not err, "print said", err)
    return out


def main():
    for what, official in OFFICIAL.items():
        ours, theirs = f"{what}.rbl", f"{what}-official.rbl"
        emit(what, ours)
        official().save("blueprints", theirs)
        printed = fine(ours)
        judge.check(re.search(r'Blueprint,\s+"blueprints"', printed), what, "is not of the application")
        judge.check("make_active: true" in printed and "make_default: true" in printed, what, "is not activated", printed[-300:])
        same(what, content(ours), content(theirs))
        for source in (ours, theirs):
            emit("resave", source, "again.rbl")
            judge.check(re.search(r'Blueprint,\s+"other app"', fine("again.rbl")), source, "saved again is not of the other application")
            same(source + " saved again", content("again.rbl"), content(source))

    emit("default", "default.rrd")
    printed = fine("default.rrd")
    first = re.search(r"Blueprint,|Recording,", printed)[0]
    judge.check(first == "Blueprint,", "the default blueprint is not first")
    orders = re.findall(r"make_active: (\w+),\s+make_default: (\w+)", printed)
    judge.check(orders == [("false", "true"), ("true", "false")], "activations", orders)
    for number in (0, 1):
        same("default", content("default.rrd", number), content("all-official.rbl"))
    rows = judge.RrdReader("default.rrd").stream().to_chunks()
    judge.check({str(c.entity_path) for c in rows} >= {"/a/before", "/a/after"}, "rows are missing")
    print("blueprints equal in", len(OFFICIAL), "cases")


if __name__ == "__main__":
    main()
