/* emit_shown FILE [RBL]: logs, a curve and points; with a blueprint that shows them, inside the file or in RBL. */
#include <math.h>
#include <retap.h>
#include <stdio.h>

static rr_blueprint *layout(void)
{
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_node rows = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_VERTICAL, "rows"),
                      log = rr_blueprint_view(bp, rows, RR_VIEW_TEXT_LOG, "/logs", "Chosen logs"),
                      below = rr_blueprint_container(bp, rows, RR_CONTAINER_HORIZONTAL, NULL),
                      plot = rr_blueprint_view(bp, below, RR_VIEW_TIME_SERIES, "/metrics", "Chosen plot");
    rr_blueprint_view(bp, below, RR_VIEW_3D, "/world", "Chosen scene");
    rr_blueprint_shares(bp, rows, (rr_floats){NULL, 0}, RR_FLOATS(3, 1));
    rr_blueprint_text_log_columns(bp, log, RR_TEXTS("log_time"), RR_ENUMS(RR_TEXT_LOG_LEVEL, RR_TEXT_LOG_BODY));
    rr_blueprint_text_log_levels(bp, log, RR_TEXTS("INFO", "ERROR"));
    rr_blueprint_text_log_monospace(bp, log, true);
    const rr_time_range whole = rr_time_range_everything();
    rr_blueprint_time_axis(bp, plot, 0, &whole);
    rr_bundle *lines = rr_bundle_new("SeriesLines");
    const char *name = "renamed curve";
    rr_bundle_set(lines, "names", &name, 1);
    rr_blueprint_visualizer(bp, plot, "/metrics/sine", "SeriesLines", lines);
    rr_time_panel_options time = rr_time_panel_options_default();
    time.state = RR_PANEL_COLLAPSED;
    time.timeline = "log_time";
    time.play_state = RR_PLAY_FOLLOWING;
    rr_blueprint_time_panel(bp, &time);
    rr_blueprint_panel(bp, RR_PANEL_SELECTION, RR_PANEL_HIDDEN);
    rr_blueprint_panel(bp, RR_PANEL_BLUEPRINT, RR_PANEL_HIDDEN);
    return bp;
}

int main(int argc, char **argv)
{
    static const char *const levels[] = {RR_LOG_LEVEL_INFO, RR_LOG_LEVEL_DEBUG, RR_LOG_LEVEL_ERROR};
    rr_error err = {0};
    rr_blueprint *bp = layout();
    rr_stream_options o = rr_stream_options_default("shown");
    char text[64];
    if (argc < 2)
        return 2;
    o.save = argv[1];
    if (argc < 3)
        o.default_blueprint = bp;
    else
        rr_blueprint_save_rbl(bp, "shown", argv[2], &err);
    rr_recording_stream rec = rr_recording_stream_open(&o, &err);
    for (int i = 0; i < 12; i++) {
        const float at[3] = {(float)i, 0, 1};
        snprintf(text, sizeof text, "%s number %d", levels[i % 3], i);
        rr_log_text(rec, "/logs/a", levels[i % 3], text, RR_NO_FIELDS);
        rr_log_scalar(rec, "/metrics/sine", sin(i));
        rr_log_take(rec, "/world/points", NULL, rr_points3d(at, 1, NULL), &err);
    }
    rr_recording_stream_close(rec, 10, &err);
    rr_blueprint_free(bp);
    if (err.code)
        fprintf(stderr, "%x %s\n", err.code, err.description);
    return err.code != 0;
}
