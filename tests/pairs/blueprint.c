/* What a viewer should show and how: sent with the recording, as the active one and the default one. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_node all = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_VERTICAL, "All");
    rr_blueprint_view(bp, all, RR_VIEW_TEXT_LOG, "/logs", "All logs");
    rr_blueprint_node below = rr_blueprint_container(bp, all, RR_CONTAINER_HORIZONTAL, "Below");
    rr_blueprint_node plots = rr_blueprint_view(bp, below, RR_VIEW_TIME_SERIES, "/plot", "Plots");
    rr_blueprint_view(bp, below, RR_VIEW_3D, "/world", "World");
    rr_blueprint_contents(bp, plots, RR_TEXTS("$origin/**", "- /plot/noise"));
    rr_blueprint_shares(bp, below, RR_FLOATS(1, 2), (rr_floats){0});
    rr_blueprint_shares(bp, all, (rr_floats){0}, RR_FLOATS(3, 1));
    rr_blueprint_panel(bp, RR_PANEL_SELECTION, RR_PANEL_HIDDEN);
    rr_time_panel_options time = rr_time_panel_options_default();
    time.state = RR_PANEL_COLLAPSED;
    time.timeline = "step";
    rr_blueprint_time_panel(bp, &time);

    pair_begin("blueprint.rrd", &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, "plot/a", 1);
    rr_recording_stream_send_blueprint(RR_CURRENT, bp, true, true, &err);
    rr_blueprint_free(bp);
    return pair_end(&err);
}
