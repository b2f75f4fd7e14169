"""The archetype table and everything that bundles and the calls of the first SDKs write, against the official SDK.

- each row of the table is one of the SDK: descriptor, component type, Arrow type; and none of the SDK's is missing
- emit_archetypes and the calls below log the same things: `rerun rrd compare` finds no difference, entity by entity
Exit 0, 1 with the reason, or 77 when the tools are not installed.
"""
import inspect
import os
import subprocess
import sys
import tempfile

BUILD = os.environ.get("RETAP_BUILD", "build/release")
EMIT = os.path.join(BUILD, "tests/judge/emit_archetypes")
os.environ.update(CI="1", NO_COLOR="1", RERUN_LOG_TIME="0")

try:
    import numpy as np
    import pyarrow as pa
    import rerun as rr
    import rerun.blueprint as rrb
    import rerun.blueprint.archetypes as rba
    import rerun.blueprint.components as rbc
    import rerun.blueprint.encodings as rbe
    import rerun_cli
    from rerun.chunk import RrdReader
except ImportError as e:
    print(f"skipped: {e} (make setup installs rerun-sdk)")
    sys.exit(77)
RERUN = os.path.join(os.path.dirname(rerun_cli.__file__), "rerun")
wrong = []

# ---------------------------------------------------------------- the table

FLAT = {"bool": "Bool", "string": "Utf8", "binary": "Binary", "null": "Null", "halffloat": "Float16", "float": "Float32", "double": "Float64"}


def type_name(t):
    """As rt_datatype_name() writes it."""
    t = t.storage_type if isinstance(t, pa.BaseExtensionType) else t
    def field(f):
        return f"{f.name}: {type_name(f.type)}{'' if f.nullable else '!'}"
    if pa.types.is_struct(t) or pa.types.is_union(t):
        return ("Struct{" if pa.types.is_struct(t) else "DenseUnion{") + ", ".join(field(t.field(i)) for i in range(t.num_fields)) + "}"
    if pa.types.is_fixed_size_list(t):
        return f"FSL[{t.list_size}]<{field(t.value_field)}>"
    if pa.types.is_list(t):
        return f"List<{field(t.value_field)}>"
    name = str(t)
    return FLAT.get(name) or name.replace("uint", "UInt").replace("int", "Int").replace("UInt", "UInt")


def table_of_sdk():
    batches = {c._COMPONENT_TYPE: c._ARROW_DATATYPE for m in (rr.components, rbc) for n, c in vars(m).items()
               if inspect.isclass(c) and n.endswith("Batch") and hasattr(c, "_COMPONENT_TYPE")}
    rows = set()
    for module in (rr.archetypes, rba):
        for c in vars(module).values():
            if not inspect.isclass(c) or not hasattr(c, "NAME"):
                continue
            for name in vars(c):
                if name.startswith("descriptor_"):
                    d = getattr(c, name)()
                    rows.add((c.NAME, d.component, d.component_type, type_name(batches[d.component_type])))
    return rows


def judge_table():
    out = subprocess.run([EMIT, "table"], check=True, capture_output=True, text=True).stdout
    ours = {tuple(line.split("\t")) for line in out.splitlines() if not line.startswith("retap.")}
    theirs = table_of_sdk()
    for row in sorted(ours ^ theirs):
        wrong.append(f"only in {'our table' if row in ours else 'the SDK'}: {row}")
    return len(ours)


# ---------------------------------------------------------------- the same rows by the official SDK

P2, P3 = [[0, 1], [2, 3]], [[0, 1, 2], [3, 4, 5]]
TRIANGLE = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
CAMERA = [[500, 0, 320], [0, 510, 240], [0, 0, 1]]
RGB = np.arange(1, 13, dtype=np.uint8).reshape(2, 2, 3)
DEPTH = np.array([[1000, 2000, 3000], [4000, 5000, 6000]], dtype=np.uint16)
QUAT = rr.Quaternion(xyzw=[0, 0, 0.5, 0.5])


def packed(*colors):
    return np.array(colors, dtype=np.uint32)


def constructors():
    yield "text_log", rr.TextLog("hello", level="WARN", color=packed(0xff8000ff))
    yield "text_log_plain", rr.TextLog("hello")
    yield "text_document", rr.TextDocument("# Title", media_type="text/markdown")
    yield "scalars", rr.Scalars([1.5, 2.5])
    yield "series_lines", rr.SeriesLines(colors=packed(0xff0000ff), widths=[2], names=["sin"])
    yield "series_points", rr.SeriesPoints(markers=["Cross"], marker_sizes=[4])
    yield "series_points_plain", rr.SeriesPoints()
    yield "state_change", rr.StateChange(state=["on", "off"])
    yield "bar_chart", rr.BarChart(np.array([8.0, 4, 0]), color=packed(0x00ff00ff), abscissa=np.array([0.0, 1, 3]))
    yield "points2d", rr.Points2D(P2, radii=[0.5, -1], colors=packed(0xff0000ff, 0x00ff00ff), labels=["a", "bä"], show_labels=True, draw_order=3,
                                  keypoint_ids=[7, 8])
    yield "points3d", rr.Points3D(P3, radii=0.5, class_ids=3)
    yield "points3d_empty", rr.Points3D([])
    yield "geo_points", rr.GeoPoints(lat_lon=[[59.3, 18.1], [48.1, 11.6]], radii=10)
    yield "graph_nodes", rr.GraphNodes(["a", "b"], labels=["A", "B"])
    yield "graph_edges", rr.GraphEdges([("a", "b"), ("b", "a")], graph_type="directed")
    yield "boxes2d", rr.Boxes2D(half_sizes=[[1, 2], [3, 4]], centers=[[1, 2], [3, 4]], labels=["x"])
    yield "boxes3d", rr.Boxes3D(half_sizes=[[1, 2, 3]], centers=[[1, 2, 3]], quaternions=[QUAT], fill_mode="solid")
    yield "ellipsoids3d", rr.Ellipsoids3D(half_sizes=[[1, 2, 3]], rotation_axis_angles=[rr.RotationAxisAngle([0, 0, 1], radians=0.5)],
                                          line_radii=0.01)
    yield "arrows2d", rr.Arrows2D(vectors=[[1, 0]], origins=[[1, 2]])
    yield "arrows3d", rr.Arrows3D(vectors=[[1, 0, 0]], origins=[[1, 2, 3]], radii=0.1)
    yield "line_strips2d", rr.LineStrips2D([[[0, 0], [1, 1], [2, 0]], [[5, 5], [6, 6]]], colors=packed(0xff0000ff, 0x0000ffff))
    yield "line_strips3d", rr.LineStrips3D([[[0, 0, 0], [1, 1, 1]]])
    yield "image", rr.Image(RGB, opacity=0.5)
    yield "image_bgr", rr.Image(RGB, color_model="BGR")
    yield "image_stride", rr.Image(np.arange(1, 9, dtype=np.uint8).reshape(2, 4))
    yield "encoded_image", rr.EncodedImage(contents=b"\x89PNG\r\n", media_type="image/png")
    yield "depth_image", rr.DepthImage(DEPTH, meter=1000, depth_range=[0, 5000])
    yield "segmentation_image", rr.SegmentationImage(DEPTH)
    values = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    yield "tensor", rr.Tensor(values, dim_names=["y", "x"], value_range=[0, 10])
    yield "tensor_plain", rr.Tensor(values)
    yield "mesh3d", rr.Mesh3D(vertex_positions=TRIANGLE, triangle_indices=[[2, 1, 0]], vertex_normals=[[0, 0, 1]] * 3,
                              vertex_colors=packed(0xff0000ff, 0x00ff00ff, 0x0000ffff), albedo_factor=packed(0x808080ff), albedo_texture=RGB)
    yield "asset3d", rr.Asset3D(contents=b"v 0 0 0\n", media_type="model/obj")
    yield "pinhole", rr.Pinhole(image_from_camera=CAMERA, width=640, height=480, camera_xyz=rr.ViewCoordinates.RUB, image_plane_distance=0.5)
    yield "pinhole_focal", rr.Pinhole(focal_length=[500, 510], width=640, height=480)
    yield "transform3d", rr.Transform3D(translation=[1, 2, 3], quaternion=rr.Quaternion(xyzw=[0, 0, 0, 1]), scale=[2, 2, 2],
                                        relation="ChildFromParent", parent_frame="base")
    yield "instance_poses3d", rr.InstancePoses3D(translations=P3 and [[1, 2, 3], [4, 5, 6]], mat3x3=[[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    yield "view_coordinates", rr.ViewCoordinates.RDF
    yield "annotation_context", rr.AnnotationContext([
        rr.ClassDescription(info=(23, "bar")),
        rr.ClassDescription(info=(7, "foo", rr.encodings.Rgba32(0xff0000ff)), keypoint_annotations=[(0, "nose"), (1, "eye", rr.encodings.Rgba32(0xff00ffff))],
                            keypoint_connections=[(0, 1)])])
    yield "clear", rr.Clear(recursive=True)
    yield "any_values", rr.AnyValues(count=3, level=0.5, word="w", yes=True, many=[1.0, 2.0])
    yield "together", (rr.Points3D([[1, 2, 3]], radii=0.25), rr.Arrows3D(vectors=[[1, 0, 0]], radii=0.25), rr.AnyValues(confidence="high"))


def raw(archetype, **values):
    """Components of an archetype as pyarrow makes them of Python values."""
    batches = {c._COMPONENT_TYPE: c._ARROW_DATATYPE for m in (rr.components, rbc) for n, c in vars(m).items()
               if inspect.isclass(c) and n.endswith("Batch") and hasattr(c, "_COMPONENT_TYPE")}
    out = []
    for name, value in values.items():
        d = getattr(archetype, f"descriptor_{name}")()
        array = value if isinstance(value, pa.Array) else pa.array(value, type=batches[d.component_type])
        out.append(rr.DescribedComponentBatch(rr.any_value.AnyBatchValue(d, array), d))
    return out


def by_name():
    yield "mcap_statistics", raw(rr.McapStatistics, message_count=[30],
                                 channel_message_counts=[[{"channel_id": 1, "message_count": 10}, {"channel_id": 2, "message_count": 20}]])
    yield "mcap_channel", raw(rr.McapChannel, id=[4], metadata=[[{"first": "k", "second": "v"}, {"first": "k2", "second": ""}]])
    yield "geo_line_strings", rr.GeoLineStrings(lat_lon=[[[1, 2], [3, 4]]])
    yield "gaussian_splats3d", raw(rr.GaussianSplats3D, centers=[[1, 2, 3]], sh_coefficients=[[[np.float16(0)] * 3] * 15])
    yield "visible_time_ranges", rba.VisibleTimeRanges([rrb.VisibleTimeRange(
        "frame", start=rrb.TimeRangeBoundary.cursor_relative(seq=-5), end=rrb.TimeRangeBoundary.infinite())])
    yield "text_log_columns", raw(rba.TextLogColumns, text_log_columns=[{"visible": True, "kind": 2}, {"visible": True, "kind": 3}],
                                  timeline_columns=[{"visible": True, "timeline": "log_time"}, {"visible": False, "timeline": "frame"}])
    yield "visualizer_instruction", raw(rba.VisualizerInstruction, component_map=[
        {"target": "Scalars:scalars", "source_kind": 1, "source_component": "foo", "selector": None}])
    yield "tensor_slice_selection", raw(rba.TensorSliceSelection, width=[{"dimension": 1, "invert": True}], indices=[{"dimension": 2, "index": 5}])
    yield "dataframe_query", raw(
        rba.DataframeQuery, filter_is_not_null=[{"active": True, "column": {"entity_path": "/a", "component": "foo"}}],
        select=[{"time_columns": ["frame"], "component_columns": [{"entity_path": "/a", "component": "foo"}]}])
    yield "visual_bounds2d", rba.VisualBounds2D(x_range=[0, 1], y_range=[2, 3])
    yield "viewport_blueprint", raw(rba.ViewportBlueprint, root_container=[[1, 2, 3] + [0] * 13])


def old_shapes():
    yield "point2", rr.Points2D([[0, 1]], radii=2, colors=[255, 128, 0], labels="p", keypoint_ids=4)
    yield "point3", rr.Points3D([[0, 1, 2]])
    yield "points3", rr.Points3D(P3, colors=np.array([[1, 0.5, 0], [0, 0.5, 1]], np.float32), radii=[1, 2], labels="all", class_ids=[1, 2])
    yield "points2", rr.Points2D([[0, 1], [2, 3], [4, 5]])
    stroke = {"radii": 1.5, "colors": np.array([1, 0, 0, 0.5], np.float32)}
    yield "strip", rr.LineStrips2D([[[0, 1], [2, 3], [4, 5]]], **stroke)
    yield "segments", rr.LineStrips2D([[[0, 1], [2, 3]]], **stroke)
    yield "strip3", rr.LineStrips3D([P3])
    yield "arrow", rr.Arrows3D(vectors=[[3, 4, 5]], origins=[[0, 1, 2]], radii=0.25, labels="up")
    for i, name in enumerate(("XYWH", "YXHW", "XYXY", "YXYX", "XCYCWH", "XCYCW2H2")):
        rect = [10, 20, 4, 6]
        if i in (1, 3):  # the SDK flips whole rows: right for one rectangle only
            yield f"rect{i}", rr.Boxes2D(array=np.array([[rect[1], rect[0], rect[3], rect[2]]]), array_format=getattr(rr.Box2DFormat, name.replace("YXHW", "XYWH").replace("YXYX", "XYXY")))
        else:
            yield f"rect{i}", rr.Boxes2D(array=rect, array_format=getattr(rr.Box2DFormat, name))
    yield "rects", rr.Boxes2D(array=[[0, 0, 1, 1], [2, 2, 3, 3]], array_format=rr.Box2DFormat.XYXY, labels=["one", "two"], class_ids=5,
                              colors=np.array([[255, 0, 0], [0, 255, 0]], np.uint8))
    yield "norects", rr.Boxes2D(half_sizes=[], centers=[])
    yield "obb", rr.Boxes3D(half_sizes=[[3, 4, 5]], centers=[[0, 1, 2]], quaternions=[rr.Quaternion(xyzw=[0, 0, 0, 1])], radii=0.5, labels="box",
                            class_ids=9)


def old_rest():
    mesh = rr.Mesh3D(vertex_positions=TRIANGLE, triangle_indices=[[0, 1, 2]], albedo_factor=packed(0xffbc00ff))
    yield "mesh", mesh
    yield "meshes/0", mesh
    yield "meshes/1", mesh
    yield "mesh_file", (rr.Asset3D(contents=b"v 0 0 0\n", media_type="model/obj"),
                        rr.Transform3D(translation=[10, 20, 30], mat3x3=[[1, 2, 3], [4, 5, 6], [7, 8, 9]]))
    yield "image", rr.Image(RGB)
    yield "image_file", rr.EncodedImage(contents=b"\xff\xd8\xff\xe0", media_type="image/jpeg")
    yield "depth", rr.DepthImage(DEPTH, meter=1000)
    yield "segmentation", rr.SegmentationImage(DEPTH)
    numbers = np.array([1, 2, 3, 4], np.int32)
    yield "tensor", rr.Tensor(numbers.reshape(2, 2), dim_names=["a", "b"])
    yield "bars", rr.BarChart(numbers)
    yield "pinhole", rr.Pinhole(image_from_camera=CAMERA, width=640, height=480)
    rigid = {"translation": [1, 2, 3], "quaternion": rr.Quaternion(xyzw=[0, 0, 0, 1])}
    yield "rigid", (rr.Transform3D(**rigid, relation="ParentFromChild"), rr.ViewCoordinates.RDF)
    yield "rigid_inverse", rr.Transform3D(**rigid, relation="ChildFromParent")
    yield "unknown", rr.Transform3D(scale=[0, 0, 0])
    yield "xyz", rr.ViewCoordinates.LUF
    for i in range(12):
        hand = "LEFT" if i % 2 else "RIGHT"
        axis, sign = "XYZ"[i // 4], "-" if i // 2 % 2 else ""
        yield f"up{i}", getattr(rr.ViewCoordinates, f"{hand}_HAND_{axis}_{'DOWN' if sign else 'UP'}")
    yield "context", (rr.AnnotationContext([(23, "bar")]), "static")
    yield "clear", rr.Clear(recursive=False)
    yield "cleared", rr.Clear(recursive=True)
    yield "scalar", rr.Scalars(1.25)
    yield "scalar_line", (rr.Scalars(1.5), rr.SeriesLines(names="sine", colors=[1, 2, 3], widths=2))
    yield "scalar_points", (rr.Scalars(1.5), rr.SeriesPoints(names="sine", colors=[1, 2, 3], marker_sizes=2))
    yield "ext", rr.AnyValues(confidence2=0.5, reason="none")
    yield "static", (rr.Points3D([[0, 0, 0]]), rr.AnyValues(extra=7), "static")


def large():
    image = rr.Image((np.arange(160000) % 251).astype(np.uint8).reshape(400, 400))
    for name in ("old", "twice", "image"):
        yield name, image
    for name in ("taken", "taken_again"):
        yield name, rr.Points3D.from_fields(radii=np.arange(100000, dtype=np.float32) / 2)


def log_all(path):
    rec = rr.RecordingStream("archetypes", recording_id="archetypes", send_properties=False)
    rec.save(path)
    rec.set_time("frame", sequence=1)
    for prefix, rows in (("", constructors()), ("", by_name()), ("old/", old_shapes()), ("old/", old_rest()), ("large/", large())):
        for name, row in rows:
            row = row if isinstance(row, tuple) else (row,)
            static = row[-1] == "static" if isinstance(row[-1], str) else False
            rec.log(prefix + name, *(row[:-1] if static else row), static=static)
    frames = rr.TimeColumn("frame", sequence=[1, 2, 3])
    when = rr.TimeColumn("when", timestamp=np.array([10, 20, 30], "datetime64[ns]"))
    points = rr.Points3D.columns(positions=[[1, 2, 3], [4, 5, 6], [7, 8, 9]], labels=["a", "b", "c"])
    rec.send_columns("columns", [frames, when], points)
    since = rr.TimeColumn("since", duration=np.array([10, 20, 30], "timedelta64[ns]"))
    rec.send_columns("partition", [since], points.partition([2, 0, 1]))
    rec.send_recording_name("named")
    rec.send_recording_start_time_nanos(1700000000000000000)
    rec.send_property("place", rr.Points3D([[1, 2, 3]]))
    rec.flush()
    rec.disconnect()


# ---------------------------------------------------------------- comparing

def rows_of(path):
    """{(entity, component): (metadata, type, cells)} and {(entity, timeline): times}."""
    found = {}
    for chunk in RrdReader(path).stream():
        batch = chunk.to_record_batch()
        for i, field in enumerate(batch.schema):
            meta = {k.decode(): v.decode() for k, v in (field.metadata or {}).items() if k.startswith(b"rerun:")}
            if meta.get("rerun:kind") == "control" or field.name in ("log_time", "log_tick"):
                continue
            meta.pop("rerun:is_sorted", None)
            is_data = meta["rerun:kind"] == "data"
            cells = batch.column(i) if is_data else batch.column(i).cast(pa.int64())
            found[str(chunk.entity_path), field.name] = meta, type_name(field.type) if is_data else str(field.type), cells.to_pylist()
    return found


def judge_rows(folder):
    ours, theirs = os.path.join(folder, "ours.rrd"), os.path.join(folder, "theirs.rrd")
    subprocess.run([EMIT, "rows", ours], check=True)
    log_all(theirs)
    a, b = rows_of(ours), rows_of(theirs)
    for key in sorted(a.keys() | b.keys()):
        if a.get(key) != b.get(key):
            wrong.append(f"{key[0]} {key[1]}:\n  ours   {a.get(key)}\n  theirs {b.get(key)}")
    cli("verify", ours)
    for path in (ours, theirs):
        cli("optimize", path, "-o", path + ".o")
    cli("compare", "--unordered", "--ignore-chunks-without-components", ours + ".o", theirs + ".o")
    return len(a)


def cli(*args):
    done = subprocess.run([RERUN, "rrd", *args], capture_output=True, text=True)
    if done.returncode or "WARN" in done.stderr or "ERROR" in done.stderr:
        wrong.append(f"rerun rrd {args[0]}: {done.stdout[-2000:]}{done.stderr[-3000:]}")


def main():
    rows = judge_table()
    with tempfile.TemporaryDirectory() as folder:
        columns = judge_rows(folder)
    for w in wrong:
        print(w)
    print(f"{rows} components of the table, {columns} columns of rows; {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
