/* The model: nodes, rows, values. */
#include "recording/blueprint.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/array.h"
#include "recording/bundle.h"

/* ---------------------------------------------------------------- errors, texts */

void rt_blueprint_fail(rr_blueprint *bp, rr_error_code code, const char *fmt, ...)
{
    va_list ap;
    if (!bp || bp->code)
        return;
    bp->code = code;
    va_start(ap, fmt);
    vsnprintf(bp->why, sizeof bp->why, fmt, ap);
    va_end(ap);
}

static void no_memory(rr_blueprint *bp)
{
    rt_blueprint_fail(bp, RR_ERROR_CODE_OUT_OF_MEMORY, "blueprint: out of memory");
}

char *rt_blueprint_text(rr_blueprint *bp, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : rt_region_take(&bp->pool, (size_t)n + 1);
    if (!p) {
        no_memory(bp);
        return NULL;
    }
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

RR_API rr_error_code rr_blueprint_error(const rr_blueprint *bp, rr_error *err)
{
    if (!bp)
        return rt_fail(err, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "blueprint is NULL");
    return bp->code ? rt_fail(err, bp->code, "%s", bp->why) : RR_ERROR_CODE_OK;
}

/* ---------------------------------------------------------------- new, free */

RR_API rr_blueprint *rr_blueprint_new(void)
{
    rr_blueprint *bp = calloc(1, sizeof *bp);
    if (bp)
        uuid_generate_random(bp->root);
    return bp;
}

RR_API rr_blueprint *rr_blueprint_free(rr_blueprint *bp)
{
    if (!bp)
        return NULL;
    for (size_t i = 0; i < bp->n_rows; i++)
        free(bp->rows[i].cells);
    for (size_t i = 0; i < bp->n_bundles; i++)
        rr_bundle_free(bp->bundles[i]);
    free(bp->bundles);
    free(bp->rows);
    free(bp->nodes);
    rt_backlog_deinit(&bp->loaded);
    rt_region_deinit(&bp->pool);
    free(bp);
    return NULL;
}

/* ---------------------------------------------------------------- nodes */

struct rt_blueprint_node *rt_blueprint_node_of(rr_blueprint *bp, rr_blueprint_node node, enum rt_node_kind kind, const char *what)
{
    if (!bp)
        return NULL;
    if (bp->is_loaded)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s: nothing can be added to a blueprint that was loaded", what);
    else if (node == 0 || node > bp->n_nodes)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s: no such node: %u", what, node);
    else if (kind && bp->nodes[node - 1].kind != kind)
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_STRING_ARGUMENT, "%s: node %u is no %s", what, node,
                          kind == RT_NODE_VIEW ? "view" : "container");
    else
        return &bp->nodes[node - 1];
    return NULL;
}

/* Return: the handle, 0 = failed. */
static rr_blueprint_node add_node(rr_blueprint *bp, enum rt_node_kind kind, rr_blueprint_node parent, const char *what)
{
    char uuid[37];
    if (!bp)
        return 0;
    if (bp->is_loaded || parent != RR_VIEWPORT) {
        if (!rt_blueprint_node_of(bp, parent, RT_NODE_CONTAINER, what))
            return 0;
    }
    if (bp->n_nodes == bp->cap_nodes) {
        struct rt_blueprint_node *nodes = rt_array_grow(bp->nodes, &bp->cap_nodes, sizeof *nodes);
        if (!nodes) {
            no_memory(bp);
            return 0;
        }
        bp->nodes = nodes;
    }
    struct rt_blueprint_node n = {.kind = kind, .parent = parent};
    uuid_generate_random(n.id);
    uuid_unparse_lower(n.id, uuid);
    n.path = rt_blueprint_text(bp, "/%s/%s", kind == RT_NODE_VIEW ? "view" : "container", uuid);
    if (!n.path)
        return 0;
    bp->nodes[bp->n_nodes++] = n;
    return (rr_blueprint_node)bp->n_nodes;
}

RR_API rr_blueprint_node rr_blueprint_container(rr_blueprint *bp, rr_blueprint_node parent, uint32_t kind, const char *name)
{
    uint8_t k = (uint8_t)kind;
    if (kind < RR_CONTAINER_TABS || kind > RR_CONTAINER_GRID) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_INVALID_ENUM_VALUE, "container: no such kind: %u", kind);
        return 0;
    }
    rr_blueprint_node node = add_node(bp, RT_NODE_CONTAINER, parent, "container: parent");
    if (node) {
        RT_BLUEPRINT_PUT(bp, bp->nodes[node - 1].path, ContainerBlueprint_container_kind, &k, 1);
        if (name)
            RT_BLUEPRINT_PUT(bp, bp->nodes[node - 1].path, ContainerBlueprint_display_name, &name, 1);
    }
    return node;
}

RR_API rr_blueprint_node rr_blueprint_view(rr_blueprint *bp, rr_blueprint_node parent, const char *view_class, const char *origin, const char *name)
{
    const char *all = "$origin/**";
    if (!origin)
        origin = "/";
    if (!view_class || !*view_class) {
        rt_blueprint_fail(bp, view_class ? RR_ERROR_CODE_INVALID_STRING_ARGUMENT : RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "view: view_class is %s",
                          view_class ? "empty" : "NULL");
        return 0;
    }
    rr_blueprint_node node = add_node(bp, RT_NODE_VIEW, parent, "view: parent");
    if (node) {
        const char *path = bp->nodes[node - 1].path;
        RT_BLUEPRINT_PUT(bp, path, ViewBlueprint_class_identifier, &view_class, 1);
        RT_BLUEPRINT_PUT(bp, path, ViewBlueprint_space_origin, &origin, 1);
        if (name)
            RT_BLUEPRINT_PUT(bp, path, ViewBlueprint_display_name, &name, 1);
        rr_blueprint_contents(bp, node, rr_texts_of(&all, 1));
    }
    return node;
}

/* ---------------------------------------------------------------- values */

static struct rt_blueprint_row *row_of(rr_blueprint *bp, const char *path, bool is_static)
{
    for (size_t i = 0; i < bp->n_rows; i++)
        if (bp->rows[i].is_static == is_static && !strcmp(bp->rows[i].path, path))
            return &bp->rows[i];
    if (bp->n_rows == bp->cap_rows) {
        struct rt_blueprint_row *rows = rt_array_grow(bp->rows, &bp->cap_rows, sizeof *rows);
        if (!rows)
            return NULL;
        bp->rows = rows;
    }
    bp->rows[bp->n_rows] = (struct rt_blueprint_row){.path = path, .is_static = is_static};
    return &bp->rows[bp->n_rows++];
}

static struct rt_blueprint_cell *cell_of(struct rt_blueprint_row *row, const struct rt_component_type *type)
{
    for (size_t i = 0; i < row->n_cells; i++)
        if (row->cells[i].type == type)
            return &row->cells[i];
    if (row->n_cells == row->cap_cells) {
        struct rt_blueprint_cell *cells = rt_array_grow(row->cells, &row->cap_cells, sizeof *cells);
        if (!cells)
            return NULL;
        row->cells = cells;
    }
    row->cells[row->n_cells] = (struct rt_blueprint_cell){.type = type};
    return &row->cells[row->n_cells++];
}

/* The cell of a component in the row of @path, still with its old values; NULL without memory, which is said. */
static struct rt_blueprint_cell *cell_at(rr_blueprint *bp, const char *path, bool is_static, const struct rt_component_type *type)
{
    struct rt_blueprint_row *row = row_of(bp, path, is_static);
    struct rt_blueprint_cell *cell = row ? cell_of(row, type) : NULL;
    if (!cell)
        no_memory(bp);
    return cell;
}

void rt_blueprint_put(rr_blueprint *bp, const char *path, bool is_static, const struct rt_component_type *type, const void *values, uint32_t n)
{
    struct rt_error e = {0};
    struct ArrowArray array;
    if (!path || bp->is_loaded)
        return; /* said before */
    if (n && !values) {
        rt_blueprint_fail(bp, RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, "blueprint: %s: values is NULL", type->component);
        return;
    }
    int r = rt_form_pack(type->datatype, values, n, true, &bp->pool, &array, &e);
    struct rt_blueprint_cell *cell = r ? NULL : cell_at(bp, path, is_static, type);
    if (cell)
        *cell = (struct rt_blueprint_cell){.type = type, .n = n, .array = array};
    else if (r == -ENOMEM)
        no_memory(bp);
    else
        rt_blueprint_fail(bp, r == -EILSEQ ? RR_ERROR_CODE_INVALID_STRING_ARGUMENT : RR_ERROR_CODE_INVALID_COMPONENT, "blueprint: %s: %s",
                          type->component, e.message);
}

/* Return: false when @bundle can't be kept, which is said. */
static bool keep(rr_blueprint *bp, rr_bundle *bundle)
{
    rr_error e = {0};
    if (rr_bundle_error(bundle, &e)) {
        rt_blueprint_fail(bp, e.code, "blueprint: %s", e.description);
        return false;
    }
    if (bp->n_bundles == bp->cap_bundles) {
        rr_bundle **bundles = rt_array_grow(bp->bundles, &bp->cap_bundles, sizeof *bundles);
        if (!bundles) {
            no_memory(bp);
            return false;
        }
        bp->bundles = bundles;
    }
    bp->bundles[bp->n_bundles++] = bundle;
    return true;
}

void rt_blueprint_put_bundle(rr_blueprint *bp, const char *path, const struct rt_blueprint_node *node, rr_bundle *bundle)
{
    if (!keep(bp, bundle)) {
        rr_bundle_free(bundle);
        return;
    }
    for (uint32_t i = 0; i < bundle->n; i++) {
        const struct rt_value *v = &bundle->cells[i];
        const char *at = path ? path : rt_blueprint_place(bp, node, v->type->archetype);
        struct rt_blueprint_cell *cell = at ? cell_at(bp, at, false, v->type) : NULL;
        if (!cell)
            return;
        *cell = (struct rt_blueprint_cell){.type = v->type, .n = v->n};
        if (v->array)
            cell->array = *v->array;
        else
            cell->flat = v->values ? v->values : "";
    }
}

const char *rt_blueprint_place(rr_blueprint *bp, const struct rt_blueprint_node *node, const char *archetype)
{
    const char *name = archetype ? strrchr(archetype, '.') : NULL;
    name = name ? name + 1 : archetype;
    if (!name || !strcmp(name, node->kind == RT_NODE_VIEW ? "ViewBlueprint" : "ContainerBlueprint"))
        return node->path;
    return rt_blueprint_text(bp, "%s/%s", node->path, name);
}

void rt_blueprint_add_id(rr_blueprint *bp, const char *path, const uint8_t id[16])
{
    const struct rt_component_type *type = rt_type_of_table(RT_C_ActiveVisualizers_instruction_ids);
    struct rt_blueprint_cell *cell = cell_at(bp, path, false, type);
    uint8_t(*all)[16] = cell ? rt_region_take(&bp->pool, (cell->n + 1) * sizeof *all) : NULL;
    if (!all) {
        no_memory(bp);
        return;
    }
    if (cell->n)
        memcpy(all, cell->flat, cell->n * sizeof *all);
    memcpy(all[cell->n++], id, sizeof *all);
    cell->flat = all;
}
