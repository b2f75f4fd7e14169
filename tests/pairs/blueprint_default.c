/* A default blueprint that goes with a file: logs beside a plot of a fixed range. */
#include "pair.h"

int main(void)
{
    rr_error err = {0};
    rr_blueprint *bp = rr_blueprint_new();
    rr_blueprint_node tabs = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_TABS, "Tabs");
    rr_blueprint_node logs = rr_blueprint_view(bp, tabs, RR_VIEW_TEXT_LOG, "/logs", "Logs");
    rr_blueprint_node plot = rr_blueprint_view(bp, tabs, RR_VIEW_TIME_SERIES, "/plot", "Plot");
    rr_blueprint_scalar_axis(bp, plot, -1, 5);
    rr_blueprint_plot_legend(bp, plot, RR_CORNER_RIGHT_BOTTOM);
    rr_blueprint_text_log_monospace(bp, logs, true);
    rr_blueprint_active_tab(bp, tabs, plot);

    rr_sink_options options = rr_sink_options_default();
    options.default_blueprint = bp;
    pair_begin(NULL, &err);
    rr_recording_stream_save_ex(RR_CURRENT, "blueprint_default.rrd", &options, &err);
    rr_set_time_sequence(RR_CURRENT, "step", 1);
    rr_log_scalar(RR_CURRENT, "plot/a", 1);
    rr_blueprint_free(bp);
    return pair_end(&err);
}
