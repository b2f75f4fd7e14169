#include "collect/cells.h"

int rt_cells_add(struct rt_cells *c, uint32_t row, const void *p, size_t n)
{
    if (!c->used) {
        c->used = true;
        memset(c->list_offsets, 0, (row + 1) * sizeof *c->list_offsets);
        uint32_t zero = 0;
        if (c->bytes && rt_buf_append(&c->value_offsets, &zero, sizeof zero))
            return -ENOMEM;
    }
    int r = rt_buf_append(&c->values, p, n);
    uint32_t end = (uint32_t)c->values.len;
    if (!r && c->bytes)
        r = rt_buf_append(&c->value_offsets, &end, sizeof end);
    if (!r)
        c->n_cells++;
    return r ? -ENOMEM : 0;
}

rr_column rt_cells_column(const struct rt_cells *c, const char *component, uint32_t n)
{
    return (rr_column){.component = component, .values = c->values.data,
                       .list_offsets = c->n_cells == n && !c->lists ? NULL : c->list_offsets,
                       .value_offsets = c->bytes ? (const uint32_t *)(const void *)c->value_offsets.data : NULL};
}

void rt_cells_clear(struct rt_cells *c)
{
    c->used = false;
    c->n_cells = 0;
    rt_buf_clear(&c->values);
    rt_buf_clear(&c->value_offsets);
}

void rt_cells_deinit(struct rt_cells *c)
{
    rt_buf_deinit(&c->values);
    rt_buf_deinit(&c->value_offsets);
}
