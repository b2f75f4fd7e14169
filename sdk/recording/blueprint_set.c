/* The shorthands: properties of containers, views, panels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "recording/blueprint.h"
#include "recording/log.h"
#include "recording/path.h"

/* ---------------------------------------------------------------- containers and views */

/* Where components of the archetype of @row are for @node; NULL: no such node, or no memory, both said. */
static const char *place(rr_blueprint *bp, rr_blueprint_node node, enum rt_node_kind kind, enum rt_component_row row, const char *what)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, node, kind, what);
    return n ? rt_blueprint_place(bp, n, rt_type_of_table(row)->archetype) : NULL;
}

#define PUT_VIEW(bp, view, token, values, n, what)                                                   \
    do {                                                                                             \
        const char *place_ = place(bp, view, RT_NODE_VIEW, RT_C_##token, what);                      \
        if (place_)                                                                                  \
            RT_BLUEPRINT_PUT(bp, place_, token, values, n);                                          \
    } while (0)

RR_API void rr_blueprint_shares(rr_blueprint *bp, rr_blueprint_node container, rr_floats columns, rr_floats rows)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, container, RT_NODE_CONTAINER, "shares");
    if (n && columns.n)
        RT_BLUEPRINT_PUT(bp, n->path, ContainerBlueprint_col_shares, columns.data, columns.n);
    if (n && rows.n)
        RT_BLUEPRINT_PUT(bp, n->path, ContainerBlueprint_row_shares, rows.data, rows.n);
}

RR_API void rr_blueprint_grid_columns(rr_blueprint *bp, rr_blueprint_node container, uint32_t n_columns)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, container, RT_NODE_CONTAINER, "grid_columns");
    if (n)
        RT_BLUEPRINT_PUT(bp, n->path, ContainerBlueprint_grid_columns, &n_columns, 1);
}

RR_API void rr_blueprint_active_tab(rr_blueprint *bp, rr_blueprint_node container, rr_blueprint_node child)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, container, RT_NODE_CONTAINER, "active_tab"),
                             *c = n ? rt_blueprint_node_of(bp, child, 0, "active_tab: child") : NULL;
    if (c && c->parent != container)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "active_tab: node %u is no child of node %u", child, container);
    else if (c)
        n->active = child;
}

RR_API void rr_blueprint_visible(rr_blueprint *bp, rr_blueprint_node node, bool visible)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, node, 0, "visible");
    if (n && n->kind == RT_NODE_VIEW)
        RT_BLUEPRINT_PUT(bp, n->path, ViewBlueprint_visible, &visible, 1);
    else if (n)
        RT_BLUEPRINT_PUT(bp, n->path, ContainerBlueprint_visible, &visible, 1);
}

RR_API void rr_blueprint_contents(rr_blueprint *bp, rr_blueprint_node view, rr_texts rules)
{
    PUT_VIEW(bp, view, ViewContents_query, rules.data, rules.n, "contents");
}

RR_API void rr_blueprint_titlebar(rr_blueprint *bp, rr_blueprint_node view, bool shown)
{
    PUT_VIEW(bp, view, ViewBlueprint_titlebar, &shown, 1, "titlebar");
}

/* ---------------------------------------------------------------- logs, documents */

/* All columns are visible. Return: false when that fails, which is said. */
static bool visible_timelines(rr_blueprint *bp, rr_texts names, rr_timeline_column **ret)
{
    *ret = calloc(names.n ? names.n : 1, sizeof **ret);
    for (uint32_t i = 0; *ret && i < names.n; i++)
        (*ret)[i] = (rr_timeline_column){true, names.data[i]};
    if (!*ret)
        rt_blueprint_fail(bp, RR_ERROR_CODE_OUT_OF_MEMORY, "blueprint: out of memory");
    return *ret != NULL;
}

RR_API void rr_blueprint_text_log_columns(rr_blueprint *bp, rr_blueprint_node view, rr_texts timelines, rr_enums columns)
{
    rr_text_log_column list[RR_TEXT_LOG_BODY];
    rr_timeline_column *times;
    if (columns.n > RR_TEXT_LOG_BODY) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "text_log_columns: %u columns, there are %u", columns.n, RR_TEXT_LOG_BODY);
        return;
    }
    for (uint32_t i = 0; i < columns.n; i++) {
        if (columns.data[i] < RR_TEXT_LOG_PATH || columns.data[i] > RR_TEXT_LOG_BODY)
            rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "text_log_columns: no such column: %u", columns.data[i]);
        list[i] = (rr_text_log_column){true, columns.data[i]};
    }
    if (!bp || !visible_timelines(bp, timelines, &times))
        return;
    PUT_VIEW(bp, view, TextLogColumns_timeline_columns, times, timelines.n, "text_log_columns");
    PUT_VIEW(bp, view, TextLogColumns_text_log_columns, list, columns.n, "text_log_columns");
    free(times);
}

RR_API void rr_blueprint_text_log_levels(rr_blueprint *bp, rr_blueprint_node view, rr_texts levels)
{
    PUT_VIEW(bp, view, TextLogRows_filter_by_log_level, levels.data, levels.n, "text_log_levels");
}

RR_API void rr_blueprint_text_log_monospace(rr_blueprint *bp, rr_blueprint_node view, bool monospace)
{
    PUT_VIEW(bp, view, TextLogFormat_monospace_body, &monospace, 1, "text_log_monospace");
}

RR_API void rr_blueprint_text_document_format(rr_blueprint *bp, rr_blueprint_node view, bool monospace, bool word_wrap)
{
    PUT_VIEW(bp, view, TextDocumentFormat_monospace, &monospace, 1, "text_document_format");
    PUT_VIEW(bp, view, TextDocumentFormat_word_wrap, &word_wrap, 1, "text_document_format");
}

/* ---------------------------------------------------------------- plots, scenes, tables */

RR_API void rr_blueprint_time_axis(rr_blueprint *bp, rr_blueprint_node view, uint32_t link, const rr_time_range *range)
{
    uint8_t l = (uint8_t)link;
    if (link > RR_AXIS_LINK_TO_GLOBAL)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "time_axis: no such link: %u", link);
    else if (link)
        PUT_VIEW(bp, view, TimeAxis_link, &l, 1, "time_axis");
    if (range)
        PUT_VIEW(bp, view, TimeAxis_view_range, range, 1, "time_axis");
}

RR_API void rr_blueprint_scalar_axis(rr_blueprint *bp, rr_blueprint_node view, double min, double max)
{
    const double range[2] = {min, max};
    PUT_VIEW(bp, view, ScalarAxis_range, range, 1, "scalar_axis");
}

RR_API void rr_blueprint_plot_legend(rr_blueprint *bp, rr_blueprint_node view, uint32_t corner)
{
    const bool visible = corner != 0;
    uint8_t c = (uint8_t)corner;
    if (corner > RR_CORNER_RIGHT_BOTTOM)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "plot_legend: no such corner: %u", corner);
    else if (corner)
        PUT_VIEW(bp, view, PlotLegend_corner, &c, 1, "plot_legend");
    PUT_VIEW(bp, view, PlotLegend_visible, &visible, 1, "plot_legend");
}

RR_API void rr_blueprint_visible_time_ranges(rr_blueprint *bp, rr_blueprint_node view, const rr_visible_time_range *ranges, uint32_t n)
{
    PUT_VIEW(bp, view, VisibleTimeRanges_ranges, ranges, n, "visible_time_ranges");
}

RR_API void rr_blueprint_background(rr_blueprint *bp, rr_blueprint_node view, uint32_t kind, uint32_t color)
{
    uint8_t k = (uint8_t)kind;
    if (kind < RR_BACKGROUND_GRADIENT_DARK || kind > RR_BACKGROUND_SOLID)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "background: no such kind: %u", kind);
    PUT_VIEW(bp, view, Background_kind, &k, 1, "background");
    if (kind == RR_BACKGROUND_SOLID)
        PUT_VIEW(bp, view, Background_color, &color, 1, "background");
}

RR_API void rr_blueprint_visual_bounds_2d(rr_blueprint *bp, rr_blueprint_node view, double x_min, double x_max, double y_min, double y_max)
{
    const double bounds[2][2] = {{x_min, x_max}, {y_min, y_max}};
    PUT_VIEW(bp, view, VisualBounds2D_range, bounds, 1, "visual_bounds_2d");
}

RR_API void rr_blueprint_dataframe_query(rr_blueprint *bp, rr_blueprint_node view, const char *timeline, bool apply_latest_at)
{
    if (timeline)
        PUT_VIEW(bp, view, DataframeQuery_timeline, &timeline, 1, "dataframe_query");
    PUT_VIEW(bp, view, DataframeQuery_apply_latest_at, &apply_latest_at, 1, "dataframe_query");
}

/* ---------------------------------------------------------------- any component */

static const struct rt_component_type *type_named(const char *component)
{
    for (unsigned row = 0; row < RT_C_COUNT; row++)
        if (!strcmp(rt_type_of_table(row)->component, component))
            return rt_type_of_table(row);
    return NULL;
}

RR_API void rr_blueprint_set(rr_blueprint *bp, rr_blueprint_node node, const char *component, const void *values, uint32_t n)
{
    const struct rt_component_type *type = component ? type_named(component) : NULL;
    struct rt_blueprint_node *to = rt_blueprint_node_of(bp, node, 0, "set");
    if (!to)
        return;
    if (!type)
        rt_blueprint_fail(bp, component ? RR_ERROR_CODE_INVALID_STRING_ARGUMENT : RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT,
                          component ? "set: no such component: %s" : "set: component is NULL", component);
    else
        rt_blueprint_put(bp, rt_blueprint_place(bp, to, type->archetype), false, type, values, n);
}

RR_API void rr_blueprint_property(rr_blueprint *bp, rr_blueprint_node node, rr_bundle *property)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, node, 0, "property");
    if (n)
        rt_blueprint_put_bundle(bp, NULL, n, property);
    else
        rr_bundle_free(property);
}

/* ---------------------------------------------------------------- defaults, overrides */

RR_API void rr_blueprint_defaults(rr_blueprint *bp, rr_blueprint_node view, rr_bundle *components)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, view, RT_NODE_VIEW, "defaults");
    const char *path = n ? rt_blueprint_text(bp, "%s/defaults", n->path) : NULL;
    if (path)
        rt_blueprint_put_bundle(bp, path, n, components);
    else
        rr_bundle_free(components);
}

/* "<view>/ViewContents/overrides/<path>/visualizers" */
static const char *overrides_of(rr_blueprint *bp, rr_blueprint_node view, const char *path, const char *what)
{
    struct rt_blueprint_node *n = rt_blueprint_node_of(bp, view, RT_NODE_VIEW, what);
    size_t len = path ? strlen(path) : 0, cap = len * 10 + 16, used;
    const char *all = NULL;
    if (!n)
        return NULL;
    if (!path) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "%s: path is NULL", what);
        return NULL;
    }
    char *escaped = malloc(cap);
    int r = escaped ? rt_path_parse(path, len, escaped, cap - 1, &used) : 0;
    if (!escaped) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_OUT_OF_MEMORY, "blueprint: out of memory");
    } else if (r && r != RT_PATH_E_RESERVED) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s: path is not UTF-8", what);
    } else {
        escaped[used] = 0;
        all = rt_blueprint_text(bp, "%s/ViewContents/overrides%s/visualizers", n->path, used > 1 ? escaped : "");
    }
    free(escaped);
    return all;
}

RR_API void rr_blueprint_entity_visible(rr_blueprint *bp, rr_blueprint_node view, const char *path, bool visible)
{
    const char *place_of = overrides_of(bp, view, path, "entity_visible");
    if (place_of)
        RT_BLUEPRINT_PUT(bp, place_of, EntityBehavior_visible, &visible, 1);
}

RR_API void rr_blueprint_entity_interactive(rr_blueprint *bp, rr_blueprint_node view, const char *path, bool interactive)
{
    const char *place_of = overrides_of(bp, view, path, "entity_interactive");
    if (place_of)
        RT_BLUEPRINT_PUT(bp, place_of, EntityBehavior_interactive, &interactive, 1);
}

/* "<overrides>/<uuid>": what one visualizer is, and its components; the ids of all are at <overrides>. */
RR_API void rr_blueprint_visualizer(rr_blueprint *bp, rr_blueprint_node view, const char *path, const char *visualizer, rr_bundle *overrides)
{
    const char *base = overrides_of(bp, view, path, "visualizer"), *own = NULL;
    uint8_t id[16];
    char uuid[37];
    uuid_generate_random(id);
    uuid_unparse_lower(id, uuid);
    if (base && (!visualizer || !*visualizer))
        rt_blueprint_fail(bp, visualizer ? RR_ERROR_CODE_INVALID_STRING_ARGUMENT : RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT,
                          "visualizer: its name is %s", visualizer ? "empty" : "NULL");
    else if (base)
        own = rt_blueprint_text(bp, "%s/%s", base, uuid);
    if (own) {
        RT_BLUEPRINT_PUT(bp, own, VisualizerInstruction_visualizer_type, &visualizer, 1);
        rt_blueprint_add_id(bp, base, id);
    }
    if (own && overrides)
        rt_blueprint_put_bundle(bp, own, &bp->nodes[view - 1], overrides);
    else if (overrides)
        rr_bundle_free(overrides);
}

/* ---------------------------------------------------------------- the window */

RR_API void rr_blueprint_auto(rr_blueprint *bp, uint8_t auto_layout, uint8_t auto_views)
{
    if (!bp)
        return;
    if (auto_layout > 2 || auto_views > 2)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "auto: a tri-state is 0, 1 or 2");
    bp->auto_layout = auto_layout;
    bp->auto_views = auto_views;
}

static const char *const panels[] = {"", "/top_panel", "/blueprint_panel", "/selection_panel", "/time_panel"};

RR_API void rr_blueprint_panel(rr_blueprint *bp, uint32_t panel, uint32_t state)
{
    uint8_t s = (uint8_t)state;
    if (!bp)
        return;
    if (panel < RR_PANEL_TOP || panel > RR_PANEL_TIME)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "panel: no such panel: %u", panel);
    else if (state < RR_PANEL_HIDDEN || state > RR_PANEL_EXPANDED)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "panel: no such state: %u", state);
    else if (panel == RR_PANEL_TIME)
        RT_BLUEPRINT_PUT(bp, panels[panel], TimePanelBlueprint_state, &s, 1);
    else
        RT_BLUEPRINT_PUT(bp, panels[panel], PanelBlueprint_state, &s, 1);
}

static bool has_state(const rr_blueprint *bp, const char *path)
{
    for (size_t i = 0; i < bp->n_rows; i++)
        if (!strcmp(bp->rows[i].path, path) && !bp->rows[i].is_static)
            return true;
    return false;
}

RR_API void rr_blueprint_collapse_panels(rr_blueprint *bp)
{
    for (uint32_t p = RR_PANEL_BLUEPRINT; bp && p <= RR_PANEL_TIME; p++)
        if (!has_state(bp, panels[p]))
            rr_blueprint_panel(bp, p, RR_PANEL_COLLAPSED);
}

RR_API rr_time_panel_options rr_time_panel_options_default(void)
{
    return (rr_time_panel_options){.struct_size = sizeof(rr_time_panel_options)};
}

static bool time_panel_ok(rr_blueprint *bp, const rr_time_panel_options *o)
{
    if (!o)
        rt_blueprint_fail(bp, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "time_panel: options is NULL");
    else if (o->struct_size != sizeof *o)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "time_panel: struct_size is %u; use rr_time_panel_options_default()", o->struct_size);
    else if (o->state > RR_PANEL_EXPANDED || o->play_state > RR_PLAY_FOLLOWING || o->loop_mode > RR_LOOP_ALL)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "time_panel: no such state: %u, %u, %u", o->state, o->play_state, o->loop_mode);
    else if (!isfinite(o->playback_speed) || !isfinite(o->fps) || o->fps < 0)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_TIME_ARGUMENT, "time_panel: playback_speed or fps is no number");
    else
        return true;
    return false;
}

RR_API void rr_blueprint_time_panel(rr_blueprint *bp, const rr_time_panel_options *o)
{
    const char *path = panels[RR_PANEL_TIME];
    if (!bp || !time_panel_ok(bp, o))
        return;
    const uint8_t loop = (uint8_t)o->loop_mode, play = (uint8_t)o->play_state;
    const int64_t selection[2] = {o->selection_from, o->selection_to};
    if (o->state)
        rr_blueprint_panel(bp, RR_PANEL_TIME, o->state);
    if (o->timeline)
        RT_BLUEPRINT_PUT(bp, path, TimePanelBlueprint_timeline, &o->timeline, 1);
    if (o->playback_speed != 0)
        RT_BLUEPRINT_PUT(bp, path, TimePanelBlueprint_playback_speed, &o->playback_speed, 1);
    if (o->fps != 0)
        RT_BLUEPRINT_PUT(bp, path, TimePanelBlueprint_fps, &o->fps, 1);
    if (loop)
        RT_BLUEPRINT_PUT(bp, path, TimePanelBlueprint_loop_mode, &loop, 1);
    if (o->has_time_selection)
        RT_BLUEPRINT_PUT(bp, path, TimePanelBlueprint_time_selection, selection, 1);
    if (play) /* as the official SDK: static, so that a viewer's own changes win */
        rt_blueprint_put(bp, path, true, rt_type_of_table(RT_C_TimePanelBlueprint_play_state), &play, 1);
}
