/* From the model to messages: a recording of kind blueprint, of one chunk a row. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/clock.h"
#include "recording/blueprint.h"
#include "recording/log.h"
#include "recording/recording.h"
#include "recording/store.h"

#define BLUEPRINT_TIMELINE "blueprint" /* what viewers query, at its latest time */

/* ---------------------------------------------------------------- what follows from the nodes */

/* One cell in the C form of its type, as a row of its own. */
static int send_cells(struct rt_recording *rec, const char *path, bool is_static, const struct rt_cell *cells, uint32_t n, uint64_t *inc,
                      struct rt_error *err)
{
    uint64_t now = rt_real_ns();
    const struct rt_row_time times[2] = {
        {BLUEPRINT_TIMELINE, sizeof BLUEPRINT_TIMELINE - 1, RR_TIME_TYPE_SEQUENCE, 0},
        {"log_time", 8, RR_TIME_TYPE_TIMESTAMP, (int64_t)now},
    };
    const struct rt_row row = {.id = {now, ++*inc}, .path = path, .path_len = (uint32_t)strlen(path), .flags = is_static ? RT_ROW_STATIC : 0,
                               .n_times = is_static ? 0 : 2, .times = times, .n_cells = n, .cells = cells};
    return n ? rt_recording_row(rec, &row, err) : 0;
}

struct extra { /* further cells of a row; values live in the pool */
    struct rt_region pool;
    struct ArrowArray arrays[4];
    struct rt_cell cells[4];
    uint32_t n;
};

static int add(struct extra *x, enum rt_component_row component, const void *values, uint32_t n, struct rt_error *err)
{
    const struct rt_component_type *type = rt_type_of_table(component);
    int r = type ? rt_form_pack(type->datatype, values, n, true, &x->pool, &x->arrays[x->n], err) : -ENOMEM;
    if (r)
        return r;
    x->cells[x->n] = (struct rt_cell){.type = type, .n = n, .array = &x->arrays[x->n]};
    x->n++;
    return 0;
}

static bool is_child(const rr_blueprint *bp, size_t i, rr_blueprint_node parent)
{
    return bp->nodes[i].parent == parent;
}

/* Paths of the children without the leading slash. Return: how many; *ret is the caller's to free, NULL without memory. */
static uint32_t children_of(const rr_blueprint *bp, rr_blueprint_node parent, const char ***ret)
{
    uint32_t n = 0;
    *ret = malloc((bp->n_nodes + 1) * sizeof **ret);
    for (size_t i = 0; *ret && i < bp->n_nodes; i++)
        if (is_child(bp, i, parent))
            (*ret)[n++] = bp->nodes[i].path + 1;
    return n;
}

static int add_contents(struct extra *x, const rr_blueprint *bp, rr_blueprint_node parent, struct rt_error *err)
{
    const char **children;
    uint32_t n = children_of(bp, parent, &children);
    int r = children ? add(x, RT_C_ContainerBlueprint_contents, children, n, err) : -ENOMEM;
    free(children);
    return r;
}

static int add_active(struct extra *x, const rr_blueprint *bp, const struct rt_blueprint_node *container, struct rt_error *err)
{
    if (!container->active)
        return 0;
    const char *path = bp->nodes[container->active - 1].path + 1;
    return add(x, RT_C_ContainerBlueprint_active_tab, &path, 1, err);
}

/* The node that a row is of; 0 = none. */
static rr_blueprint_node container_of(const rr_blueprint *bp, const struct rt_blueprint_row *row)
{
    for (size_t i = 0; !row->is_static && i < bp->n_nodes; i++)
        if (bp->nodes[i].kind == RT_NODE_CONTAINER && bp->nodes[i].path == row->path)
            return (rr_blueprint_node)i + 1;
    return 0;
}

static struct rt_cell as_cell(const struct rt_blueprint_cell *c)
{
    if (!c->flat)
        return (struct rt_cell){.type = c->type, .n = c->n, .array = &c->array};
    return (struct rt_cell){.type = c->type, .n = c->n, .values = c->flat, .n_bytes = c->n * rt_form_size(c->type->datatype)};
}

static int send_row(struct rt_recording *rec, const rr_blueprint *bp, const struct rt_blueprint_row *row, uint64_t *inc, struct rt_error *err)
{
    struct extra x = {0};
    rr_blueprint_node container = container_of(bp, row);
    struct rt_cell *cells = malloc((row->n_cells + 4) * sizeof *cells);
    int r = cells ? 0 : -ENOMEM;
    if (!r && container) {
        r = add_contents(&x, bp, container, err);
        r = r ? r : add_active(&x, bp, &bp->nodes[container - 1], err);
    }
    if (!r) {
        for (size_t i = 0; i < row->n_cells; i++)
            cells[i] = as_cell(&row->cells[i]);
        memcpy(cells + row->n_cells, x.cells, x.n * sizeof *cells);
        r = send_cells(rec, row->path, row->is_static, cells, (uint32_t)row->n_cells + x.n, inc, err);
    }
    free(cells);
    rt_region_deinit(&x.pool);
    return r;
}

/* ---------------------------------------------------------------- viewport */

/* What is on top: nothing, one container, or what tabs are made around: *ret_root is the container's id then. Return: how many nodes. */
static uint32_t top(const rr_blueprint *bp, const uint8_t **ret_root)
{
    uint32_t n = 0;
    const struct rt_blueprint_node *only = NULL;
    for (size_t i = 0; i < bp->n_nodes; i++)
        if (is_child(bp, i, RR_VIEWPORT)) {
            only = &bp->nodes[i];
            n++;
        }
    *ret_root = n == 1 && only->kind == RT_NODE_CONTAINER ? only->id : bp->root;
    return n;
}

static int send_tabs(struct rt_recording *rec, const rr_blueprint *bp, uint64_t *inc, struct rt_error *err)
{
    struct extra x = {0};
    char uuid[37], path[64];
    const uint8_t kind = RR_CONTAINER_TABS;
    uuid_unparse_lower(bp->root, uuid);
    snprintf(path, sizeof path, "/container/%s", uuid);
    int r = add(&x, RT_C_ContainerBlueprint_container_kind, &kind, 1, err);
    r = r ? r : add_contents(&x, bp, RR_VIEWPORT, err);
    r = r ? r : send_cells(rec, path, false, x.cells, x.n, inc, err);
    rt_region_deinit(&x.pool);
    return r;
}

static int send_viewport(struct rt_recording *rec, const rr_blueprint *bp, uint64_t *inc, struct rt_error *err)
{
    struct extra x = {0};
    const uint8_t *root;
    uint32_t n = top(bp, &root);
    const bool layout = bp->auto_layout ? bp->auto_layout == 1 : !n, views = bp->auto_views ? bp->auto_views == 1 : !n;
    int r = n && root == bp->root ? send_tabs(rec, bp, inc, err) : 0;
    if (!r && n)
        r = add(&x, RT_C_ViewportBlueprint_root_container, root, 1, err);
    if (!r && (bp->auto_layout || !n))
        r = add(&x, RT_C_ViewportBlueprint_auto_layout, &layout, 1, err);
    if (!r && (bp->auto_views || !n))
        r = add(&x, RT_C_ViewportBlueprint_auto_views, &views, 1, err);
    r = r ? r : send_cells(rec, "/viewport", false, x.cells, x.n, inc, err);
    rt_region_deinit(&x.pool);
    return r;
}

/* ---------------------------------------------------------------- messages */

static int send_all(struct rt_recording *rec, const rr_blueprint *bp, struct rt_error *err)
{
    uint64_t inc = 0;
    int r = 0;
    for (size_t i = 0; !r && i < bp->n_rows; i++)
        r = send_row(rec, bp, &bp->rows[i], &inc, err);
    r = r ? r : send_viewport(rec, bp, &inc, err);
    return r ? r : rt_recording_flush(rec, err);
}

int rt_blueprint_activation(struct rt_store *store, bool make_active, bool make_default, struct rt_backlog *ret)
{
    struct rt_buf frame = {0};
    int r = rt_rrd_activation(&frame, &store->id, make_active, make_default);
    struct rt_log_message *m = r ? NULL : rt_message_new(store, RT_MESSAGE_ACTIVATE, frame.len);
    if (m) {
        memcpy(m->frame, frame.data, frame.len);
        r = rt_backlog_add(ret, m);
        rt_message_unref(m);
    }
    rt_buf_deinit(&frame);
    return r ? r : m ? 0 : -ENOMEM;
}

void rt_blueprint_fresh_id(char out[37])
{
    uuid_t uuid;
    uuid_generate_random(uuid);
    memcpy(out, "rec_", 4);
    for (int i = 0; i < 16; i++)
        sprintf(out + 4 + 2 * i, "%02x", uuid[i]);
}

/* A recording that keeps what it makes. @sink is its own. */
static int open_recording(const char *application_id, struct rt_recording **ret, struct rt_sink **ret_sink, struct rt_error *err)
{
    char id[37];
    rt_blueprint_fresh_id(id);
    const struct rt_recording_config config = {.application_id = application_id, .recording_id = id, .kind = RR_STORE_KIND_BLUEPRINT,
                                               .settings = rt_settings_read()};
    int r = rt_recording_new(&config, ret, err);
    if (r)
        return r;
    r = rt_sink_buffered(0, ret_sink, err);
    r = r ? r : rt_recording_set_sinks(*ret, ret_sink, 1, 0, err);
    if (r)
        *ret = rt_recording_free(*ret);
    return r;
}

static int make(const rr_blueprint *bp, const char *application_id, bool make_active, bool make_default, struct rt_backlog *ret, struct rt_error *err)
{
    struct rt_recording *rec;
    struct rt_sink *sink;
    int r = open_recording(application_id, &rec, &sink, err);
    if (r)
        return r;
    r = send_all(rec, bp, err);
    r = r ? r : sink->ops->backlog(sink, ret);
    if (!r && (make_active || make_default))
        r = rt_blueprint_activation(ret->list[0]->store, make_active, make_default, ret);
    rt_recording_free(rec);
    if (r)
        rt_backlog_deinit(ret);
    return r;
}

rr_error_code rt_blueprint_messages(const rr_blueprint *bp, const char *application_id, bool make_active, bool make_default,
                                    struct rt_backlog *ret, rr_error *err)
{
    struct rt_error e = {0};
    rr_error_code code = rr_blueprint_error(bp, err);
    if (code)
        return code;
    int r = bp->is_loaded ? rt_blueprint_readdress(bp, application_id, make_active, make_default, ret, &e)
                          : make(bp, application_id, make_active, make_default, ret, &e);
    return !r ? RR_ERROR_CODE_OK
              : rt_fail(err, r == -ENOMEM ? RR_ERROR_CODE_OUT_OF_MEMORY : RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, "blueprint: %s",
                        e.message[0] ? e.message : strerror(-r));
}

rr_error_code rt_blueprint_into_sink(const rr_blueprint *bp, const char *application_id, struct rt_sink *sink, rr_error *err)
{
    struct rt_backlog messages = {0};
    struct rt_error e = {0};
    if (!bp)
        return RR_ERROR_CODE_OK;
    rr_error_code code = rt_blueprint_messages(bp, application_id, false, true, &messages, err);
    int r = 0;
    for (size_t i = 0; !code && !r && i < messages.n; i++)
        r = sink->ops->take(sink, messages.list[i], &e);
    rt_backlog_deinit(&messages);
    return r ? rt_fail(err, RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, "default blueprint: %s", e.message) : code;
}
