/* emit_blueprint WHAT FILE: the blueprint WHAT of tests/judge/blueprint.py, by the C API. "default FILE.rrd": a recording with that
 * blueprint as its default; "resave IN.rbl OUT.rbl": reads and writes. */
#include <math.h>
#include <retap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rr_error err;

static void views(rr_blueprint *bp)
{
    rr_blueprint_node all = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_HORIZONTAL, "H");
    rr_blueprint_shares(bp, all, RR_FLOATS(1, 2, 3, 4, 5), rr_floats_of(NULL, 0));

    rr_blueprint_node ts = rr_blueprint_view(bp, all, RR_VIEW_TIME_SERIES, "/a", "ts");
    rr_blueprint_contents(bp, ts, RR_TEXTS("+ /a/**"));
    rr_blueprint_scalar_axis(bp, ts, 0, 10);
    rr_blueprint_set(bp, ts, "ScalarAxis:zoom_lock", &(bool){true}, 1);
    rr_blueprint_plot_legend(bp, ts, 0);
    const rr_time_range whole = rr_time_range_everything();
    rr_blueprint_time_axis(bp, ts, RR_AXIS_INDEPENDENT, &whole);
    const rr_visible_time_range range = {"log_time", {{RR_BOUNDARY_CURSOR_RELATIVE, -3}, {RR_BOUNDARY_INFINITE, 0}}};
    rr_blueprint_visible_time_ranges(bp, ts, &range, 1);
    rr_bundle *lines = rr_bundle_new("SeriesLines"), *widths = rr_bundle_new("SeriesLines");
    rr_bundle_set(lines, "colors", &(uint32_t){0xff0000ff}, 1);
    rr_bundle_set(widths, "widths", &(float){2}, 1);
    rr_blueprint_visualizer(bp, ts, "/a/b c", "SeriesLines", lines);
    rr_blueprint_entity_visible(bp, ts, "/v", false);
    rr_blueprint_defaults(bp, ts, widths);

    rr_blueprint_node log = rr_blueprint_view(bp, all, RR_VIEW_TEXT_LOG, "/logs", "L");
    rr_blueprint_text_log_columns(bp, log, RR_TEXTS("log_time", "log_tick"), RR_ENUMS(RR_TEXT_LOG_LEVEL, RR_TEXT_LOG_PATH, RR_TEXT_LOG_BODY));
    rr_blueprint_text_log_levels(bp, log, RR_TEXTS("INFO", "WARN", "ERROR"));
    rr_blueprint_text_log_monospace(bp, log, true);
    rr_blueprint_visible(bp, log, true);

    rr_blueprint_node two = rr_blueprint_view(bp, all, RR_VIEW_2D, "/2", "two");
    rr_blueprint_background(bp, two, RR_BACKGROUND_SOLID, 0x010203ff);
    rr_blueprint_visual_bounds_2d(bp, two, 0, 1, 2, 3);

    rr_blueprint_node inner = rr_blueprint_container(bp, all, RR_CONTAINER_GRID, "G");
    rr_blueprint_grid_columns(bp, inner, 3);
    static const char *const classes[] = {RR_VIEW_TEXT_DOCUMENT, RR_VIEW_3D, RR_VIEW_BAR_CHART, RR_VIEW_TENSOR, RR_VIEW_GRAPH,
                                          RR_VIEW_STATE_TIMELINE, RR_VIEW_AUDIO};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        rr_blueprint_view(bp, inner, classes[i], NULL, classes[i]);
    rr_blueprint_node map = rr_blueprint_view(bp, inner, RR_VIEW_MAP, "/m", "map"), table = rr_blueprint_view(bp, all, RR_VIEW_DATAFRAME, "/", "T");
    rr_bundle *zoom = rr_bundle_new("MapZoom");
    rr_bundle_set(zoom, "zoom", &(double){5}, 1);
    rr_blueprint_property(bp, map, zoom);
    rr_blueprint_set(bp, map, "MapBackground:provider", &(uint8_t){1}, 1);
    rr_blueprint_dataframe_query(bp, table, "log_time", false);
    rr_blueprint_titlebar(bp, table, false);
}

static void panels(rr_blueprint *bp)
{
    rr_time_panel_options time = rr_time_panel_options_default();
    time.state = RR_PANEL_COLLAPSED;
    time.timeline = "log_time";
    time.playback_speed = 2;
    time.fps = 10;
    time.play_state = RR_PLAY_FOLLOWING;
    time.loop_mode = RR_LOOP_SELECTION;
    time.has_time_selection = 1;
    time.selection_from = 1;
    time.selection_to = 5;
    rr_blueprint_time_panel(bp, &time);
    rr_blueprint_panel(bp, RR_PANEL_SELECTION, RR_PANEL_HIDDEN);
    rr_blueprint_collapse_panels(bp);
    rr_blueprint_auto(bp, 2, 2);
}

static void two_on_top(rr_blueprint *bp)
{
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/x", "X");
    rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/y", "Y");
}

static void front(rr_blueprint *bp)
{
    rr_blueprint_node tabs = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_TABS, "F");
    rr_blueprint_view(bp, tabs, RR_VIEW_TEXT_LOG, "/x", "X");
    rr_blueprint_active_tab(bp, tabs, rr_blueprint_view(bp, tabs, RR_VIEW_TEXT_LOG, "/y", "Y"));
}

static int log_with_default(const rr_blueprint *bp, const char *path)
{
    rr_stream_options o = rr_stream_options_default("blueprints");
    rr_sink_options s = rr_sink_options_default();
    o.recording_id = "with-default";
    s.default_blueprint = bp;
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    rr_set_time_sequence(rec, "seq", 1);
    rr_log_scalar(rec, "/a/before", 1);
    rr_recording_stream_save_ex(rec, path, &s, &err);
    rr_log_scalar(rec, "/a/after", 2);
    rr_recording_stream_send_blueprint(rec, bp, true, false, &err);
    rr_recording_stream_close(rec, 10, &err);
    return err.code;
}

int main(int argc, char **argv)
{
    rr_blueprint *bp = NULL;
    if (argc < 3)
        return 2;
    if (!strcmp(argv[1], "resave") && argc == 4) {
        bp = rr_blueprint_load_rbl(argv[2], &err);
        rr_blueprint_save_rbl(bp, "other app", argv[3], &err);
    } else {
        bp = rr_blueprint_new();
        if (!strcmp(argv[1], "all") || !strcmp(argv[1], "default")) {
            views(bp);
            panels(bp);
        } else if (!strcmp(argv[1], "tabs")) {
            two_on_top(bp);
        } else if (!strcmp(argv[1], "front")) {
            front(bp);
        } else if (!strcmp(argv[1], "one")) {
            rr_blueprint_view(bp, RR_VIEWPORT, RR_VIEW_TEXT_LOG, "/x", "X");
        }
        if (!strcmp(argv[1], "default"))
            log_with_default(bp, argv[2]);
        else
            rr_blueprint_save_rbl(bp, "blueprints", argv[2], &err);
    }
    rr_blueprint_free(bp);
    if (err.code)
        fprintf(stderr, "%x %s\n", err.code, err.description);
    return err.code != 0;
}
