/* retap/blueprint.h: what a viewer shows of a recording, and how.
 *
 *   viewport ─▶ container (tabs, horizontal, vertical, grid) ─▶ view (a log, a plot, a scene) ─▶ properties, defaults, overrides
 *               panels, time panel
 *
 *   rr_blueprint *bp = rr_blueprint_new();
 *   rr_blueprint_node rows = rr_blueprint_container(bp, RR_VIEWPORT, RR_CONTAINER_VERTICAL, NULL);
 *   rr_blueprint_node log = rr_blueprint_view(bp, rows, RR_VIEW_TEXT_LOG, "/logs", "All logs");
 *   rr_blueprint_text_log_columns(bp, log, RR_TEXTS("log_time"), RR_ENUMS(RR_TEXT_LOG_LEVEL, RR_TEXT_LOG_BODY));
 *   rr_recording_stream_send_blueprint(rec, bp, true, true, &err);
 *   rr_blueprint_free(bp);
 *
 * What goes wrong while a blueprint is built is kept in it and reported by the call that sends or saves it (and by rr_blueprint_error()), so
 * building needs no error parameter; functions that give a node answer 0 then, and 0 is refused where a view or container is wanted. All texts
 * and values are copied. What is not set is left to the viewer. A blueprint can be sent and saved again and again.
 *
 * Threads: a blueprint by one at a time. Signals: not safe. Fork: fine. */
#ifndef RETAP_BLUEPRINT_H
#define RETAP_BLUEPRINT_H

#include <rerun.h>
#include <retap/archetypes.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rr_blueprint rr_blueprint;
/** A part of one blueprint. */
typedef uint32_t rr_blueprint_node;
#define RR_VIEWPORT ((rr_blueprint_node)0xFFFFFFFF) /* the parent of what is on top; several there share tabs */

/** gives; NULL without memory. */
rr_blueprint *rr_blueprint_new(void);
/** NULL is fine. Return: NULL. */
rr_blueprint *rr_blueprint_free(rr_blueprint *bp);
/** What went wrong first: 0, or the code also put in *err. */
rr_error_code rr_blueprint_error(const rr_blueprint *bp, rr_error *err);

/* ---------------------------------------------------------------- containers */

enum { RR_CONTAINER_TABS = 1, RR_CONTAINER_HORIZONTAL, RR_CONTAINER_VERTICAL, RR_CONTAINER_GRID };

/** @parent: RR_VIEWPORT or a container; children show in the order they are made. @name NULL = none. */
rr_blueprint_node rr_blueprint_container(rr_blueprint *bp, rr_blueprint_node parent, uint32_t kind, const char *name);
/** How columns (horizontal, grid) and rows (vertical, grid) share the room; n = 0: equally. */
void rr_blueprint_shares(rr_blueprint *bp, rr_blueprint_node container, rr_floats columns, rr_floats rows);
void rr_blueprint_grid_columns(rr_blueprint *bp, rr_blueprint_node container, uint32_t n);
/** The child that is in front. */
void rr_blueprint_active_tab(rr_blueprint *bp, rr_blueprint_node container, rr_blueprint_node child);
/** Of a container or a view. */
void rr_blueprint_visible(rr_blueprint *bp, rr_blueprint_node node, bool visible);

/* ---------------------------------------------------------------- views */

#define RR_VIEW_TEXT_LOG       "TextLog"
#define RR_VIEW_TEXT_DOCUMENT  "TextDocument"
#define RR_VIEW_TIME_SERIES    "TimeSeries"
#define RR_VIEW_2D             "2D"
#define RR_VIEW_3D             "3D"
#define RR_VIEW_BAR_CHART      "BarChart"
#define RR_VIEW_TENSOR         "Tensor"
#define RR_VIEW_DATAFRAME      "Dataframe"
#define RR_VIEW_GRAPH          "Graph"
#define RR_VIEW_MAP            "Map"
#define RR_VIEW_STATE_TIMELINE "StateTimeline"
#define RR_VIEW_AUDIO          "Audio"

/** @origin: the path that the view is about, NULL = "/"; @name NULL = the viewer names it. Shows the origin and all below until
 * rr_blueprint_contents() says otherwise. */
rr_blueprint_node rr_blueprint_view(rr_blueprint *bp, rr_blueprint_node parent, const char *view_class, const char *origin, const char *name);
/** What is shown: rules such as "$origin/ **" (without the blank), "- /logs/noise"; the most specific rule wins. */
void rr_blueprint_contents(rr_blueprint *bp, rr_blueprint_node view, rr_texts rules);
void rr_blueprint_titlebar(rr_blueprint *bp, rr_blueprint_node view, bool shown);

/* ---------------------------------------------------------------- properties of views
 * Any property: a bundle of the property's archetype (rr_bundle_new("TimeAxis") …; retap-archetypes(7)). Then shorthands. */

/** Components of @property's archetype for the view (or of ContainerBlueprint, ViewBlueprint for the node itself). takes @property. A component that is
 * set twice keeps the later value. */
void rr_blueprint_property(rr_blueprint *bp, rr_blueprint_node node, rr_bundle *property);
/** One component by name ("ScalarAxis:zoom_lock"): @n values in their C form. */
void rr_blueprint_set(rr_blueprint *bp, rr_blueprint_node node, const char *component, const void *values, uint32_t n);

enum { RR_TEXT_LOG_PATH = 1, RR_TEXT_LOG_LEVEL, RR_TEXT_LOG_BODY };
/** Timelines, then RR_TEXT_LOG_* columns, left to right. */
void rr_blueprint_text_log_columns(rr_blueprint *bp, rr_blueprint_node view, rr_texts timelines, rr_enums columns);
/** Rows of other levels are hidden, rows without a level shown. */
void rr_blueprint_text_log_levels(rr_blueprint *bp, rr_blueprint_node view, rr_texts levels);
void rr_blueprint_text_log_monospace(rr_blueprint *bp, rr_blueprint_node view, bool monospace);
void rr_blueprint_text_document_format(rr_blueprint *bp, rr_blueprint_node view, bool monospace, bool word_wrap);

enum { RR_AXIS_INDEPENDENT = 1, RR_AXIS_LINK_TO_GLOBAL };
/** The x axis of plots and lanes: @link RR_AXIS_* or 0; @range NULL = the viewer's, cursor ± 30 s. rr_time_range_everything() shows all. */
void rr_blueprint_time_axis(rr_blueprint *bp, rr_blueprint_node view, uint32_t link, const rr_time_range *range);
static inline rr_time_range rr_time_range_everything(void)
{
    rr_time_range r;
    r.start.kind = r.end.kind = RR_BOUNDARY_INFINITE;
    r.start.value = r.end.value = 0;
    return r;
}
/** The y axis of a plot. */
void rr_blueprint_scalar_axis(rr_blueprint *bp, rr_blueprint_node view, double min, double max);
enum { RR_CORNER_LEFT_TOP = 1, RR_CORNER_RIGHT_TOP, RR_CORNER_LEFT_BOTTOM, RR_CORNER_RIGHT_BOTTOM };
/** @corner RR_CORNER_*; 0 hides the legend. */
void rr_blueprint_plot_legend(rr_blueprint *bp, rr_blueprint_node view, uint32_t corner);
/** Which times of temporal data a view shows, one range for each timeline named. */
void rr_blueprint_visible_time_ranges(rr_blueprint *bp, rr_blueprint_node view, const rr_visible_time_range *ranges, uint32_t n);
enum { RR_BACKGROUND_GRADIENT_DARK = 1, RR_BACKGROUND_GRADIENT_BRIGHT, RR_BACKGROUND_SOLID };
/** Of 2D and 3D views; @color 0xRRGGBBAA, of RR_BACKGROUND_SOLID only. */
void rr_blueprint_background(rr_blueprint *bp, rr_blueprint_node view, uint32_t kind, uint32_t color);
void rr_blueprint_visual_bounds_2d(rr_blueprint *bp, rr_blueprint_node view, double x_min, double x_max, double y_min, double y_max);
void rr_blueprint_dataframe_query(rr_blueprint *bp, rr_blueprint_node view, const char *timeline, bool apply_latest_at);

/* ---------------------------------------------------------------- defaults, overrides */

/** Components that the view uses where an entity lacks them. takes @components. */
void rr_blueprint_defaults(rr_blueprint *bp, rr_blueprint_node view, rr_bundle *components);
/** Shows the entity by one more visualizer (the name of an archetype that can be shown: "SeriesLines", "Points3D") with components that win
 * over those logged; NULL = none. @path starts at the root, without "$origin" and "**". An entity that has a visualizer of a blueprint gets
 * none by itself. takes @overrides. */
void rr_blueprint_visualizer(rr_blueprint *bp, rr_blueprint_node view, const char *path, const char *visualizer, rr_bundle *overrides);
/** Shows or hides an entity and all below in one view. */
void rr_blueprint_entity_visible(rr_blueprint *bp, rr_blueprint_node view, const char *path, bool visible);
/** Can the entity be hovered and selected? */
void rr_blueprint_entity_interactive(rr_blueprint *bp, rr_blueprint_node view, const char *path, bool interactive);

/* ---------------------------------------------------------------- the rest of the window */

/** Do views and layout follow what is logged? Tri-states; default: on when there is no view and no container, else off. */
void rr_blueprint_auto(rr_blueprint *bp, uint8_t auto_layout, uint8_t auto_views);

enum { RR_PANEL_TOP = 1, RR_PANEL_BLUEPRINT, RR_PANEL_SELECTION, RR_PANEL_TIME };
enum { RR_PANEL_HIDDEN = 1, RR_PANEL_COLLAPSED, RR_PANEL_EXPANDED };
/** How a panel of the viewer is when the blueprint becomes active. */
void rr_blueprint_panel(rr_blueprint *bp, uint32_t panel, uint32_t state);
/** Those of the panels that have no state yet. */
void rr_blueprint_collapse_panels(rr_blueprint *bp);

enum { RR_PLAY_PAUSED = 1, RR_PLAY_PLAYING, RR_PLAY_FOLLOWING };
enum { RR_LOOP_OFF = 1, RR_LOOP_SELECTION, RR_LOOP_ALL };
/** 0 and NULL leave a thing to the viewer. */
typedef struct rr_time_panel_options {
    uint32_t struct_size;
    uint32_t state;               /* RR_PANEL_* */
    const char *timeline;
    double playback_speed;        /* times real time */
    double fps;                   /* of sequence timelines */
    uint32_t play_state;          /* RR_PLAY_*; following opens at the end */
    uint32_t loop_mode;           /* RR_LOOP_* */
    uint8_t has_time_selection;   /* 1: from … to, inclusive */
    int64_t selection_from, selection_to; /* ns or ticks of the timeline */
} rr_time_panel_options;
rr_time_panel_options rr_time_panel_options_default(void);
void rr_blueprint_time_panel(rr_blueprint *bp, const rr_time_panel_options *options);

/* ---------------------------------------------------------------- files, streams */

/** Reads an .rbl (or .rrd) file: the last blueprint in it, to be sent or saved as it is; nothing can be added to it. gives; NULL with *err: 0x1b a file
 * that can't be read, holds no blueprint or is damaged. */
rr_blueprint *rr_blueprint_load_rbl(const char *path, rr_error *err);
/** Writes an .rbl file, active and default for recordings of @application_id; also by `rerun FILE.rrd FILE.rbl`.
 * Errors: 0x12 an empty id, 0x103. Return: 0 or the code also in *err. */
rr_error_code rr_blueprint_save_rbl(const rr_blueprint *bp, const char *application_id, const char *path, rr_error *err);
/**
 * rr_recording_stream_send_blueprint() - send a blueprint among the rows of a recording
 * @make_active:  shown at once
 * @make_default: what the viewer goes back to on "reset", and shows where nothing else is active
 * For the recording's application id, to all its sinks, in order with what this thread logged before. Return: 0 or the code also in *err.
 * Blocks: until the blueprint is with the sinks.
 */
rr_error_code rr_recording_stream_send_blueprint(rr_recording_stream rec, const rr_blueprint *bp, bool make_active, bool make_default,
                                                 rr_error *err);

#ifdef __cplusplus
}
#endif

#endif
