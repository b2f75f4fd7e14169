/* The model behind retap/blueprint.h: a blueprint is rows of a store of its own.
 *
 *   node (container, view) ─▶ its path          row = path, static?, components and values          message = chunk of one row
 *   "/view/<uuid>"                               "/view/<uuid>/TimeAxis"  TimeAxis:view_range        StoreInfo, chunks, activation
 */
#ifndef RT_RECORDING_BLUEPRINT_H
#define RT_RECORDING_BLUEPRINT_H

#include <retap.h>
#include <retap/blueprint.h>

#include "archetype/form.h"
#include "archetype/types.h"
#include "recording/sink.h"

enum rt_node_kind { RT_NODE_CONTAINER = 1, RT_NODE_VIEW };

struct rt_blueprint_node {
    enum rt_node_kind kind;
    rr_blueprint_node parent; /* RR_VIEWPORT or a container */
    rr_blueprint_node active; /* container: the child in front, 0 = none */
    uint8_t id[16];
    const char *path;         /* "/view/<uuid>" */
};

struct rt_blueprint_cell {
    const struct rt_component_type *type;
    uint32_t n;              /* values */
    const void *flat;        /* numbers one behind the other; NULL: in the array. Memory: the pool, or a bundle */
    struct ArrowArray array;
};

struct rt_blueprint_row {
    const char *path; /* absolute, escaped */
    bool is_static;
    struct rt_blueprint_cell *cells;
    size_t n_cells, cap_cells;
};

struct rr_blueprint {
    struct rt_region pool;             /* texts and values */
    struct rt_blueprint_node *nodes; /* handle - 1 */
    size_t n_nodes, cap_nodes;
    struct rt_blueprint_row *rows;   /* in order of appearance */
    size_t n_rows, cap_rows;
    uint8_t auto_layout, auto_views; /* tri-states */
    uint8_t root[16];                /* id of the tabs around several nodes on top */
    rr_bundle **bundles;             /* owned: cells refer to them */
    size_t n_bundles, cap_bundles;
    struct rt_backlog loaded;        /* of a file instead: chunks of a store */
    bool is_loaded;
    rr_error_code code;              /* what went wrong first; RR_ERROR_CODE_OK */
    char why[256];
};

/* Keeps what went wrong, unless something did before. */
void rt_blueprint_fail(rr_blueprint *bp, rr_error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A formatted text in the pool. Return: NULL without memory, kept as the error. */
char *rt_blueprint_text(rr_blueprint *bp, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The node of a handle, of @kind (0 = any). Return: NULL, kept as the error, when it is none. */
struct rt_blueprint_node *rt_blueprint_node_of(rr_blueprint *bp, rr_blueprint_node node, enum rt_node_kind kind, const char *what);

/* The component @type at @path becomes @n values in their C form; copies. */
void rt_blueprint_put(rr_blueprint *bp, const char *path, bool is_static, const struct rt_component_type *type, const void *values, uint32_t n);
#define RT_BLUEPRINT_PUT(bp, path, token, values, n) rt_blueprint_put(bp, path, false, rt_type_of_table(RT_C_##token), values, n)
/* One more id of a visualizer at @path. */
void rt_blueprint_add_id(rr_blueprint *bp, const char *path, const uint8_t id[16]);
/* All components of @bundle, which is taken; at @path, or, where it is NULL, where the archetype's properties of @node are. */
void rt_blueprint_put_bundle(rr_blueprint *bp, const char *path, const struct rt_blueprint_node *node, rr_bundle *bundle);
/* Where components of @archetype are kept for a node: its path, or a child of it. In the pool; NULL without memory. */
const char *rt_blueprint_place(rr_blueprint *bp, const struct rt_blueprint_node *node, const char *archetype);

/* ---------------------------------------------------------------- messages */

/* The blueprint as messages of a store with a fresh id, of @application_id: StoreInfo, chunks, and an activation unless both are false.
 * gives *ret, which is empty. Return: 0 or a code with *err; what went wrong while building is reported first. */
rr_error_code rt_blueprint_messages(const rr_blueprint *bp, const char *application_id, bool make_active, bool make_default,
                                    struct rt_backlog *ret, rr_error *err);
/* Of a blueprint that was loaded. Return: 0, -errno. */
int rt_blueprint_readdress(const rr_blueprint *bp, const char *application_id, bool make_active, bool make_default, struct rt_backlog *ret,
                           struct rt_error *err);
/* Appends the activation of @store. Return: 0, -ENOMEM. */
int rt_blueprint_activation(struct rt_store *store, bool make_active, bool make_default, struct rt_backlog *ret);
/* "rec_" and 32 hex digits. */
void rt_blueprint_fresh_id(char out[37]);
/* rt_blueprint_messages() into a sink that has not taken anything yet: the default blueprint of what comes. NULL @bp: nothing to do. */
rr_error_code rt_blueprint_into_sink(const rr_blueprint *bp, const char *application_id, struct rt_sink *sink, rr_error *err);

#endif
