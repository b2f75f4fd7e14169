/* One column of a batch of rows, in which most rows may have no cell. Zero-initialised is empty. */
#ifndef RT_COLLECT_CELLS_H
#define RT_COLLECT_CELLS_H

#include <retap.h>
#include <stdbool.h>

#include "base/buf.h"

#define RT_ROWS_BATCH 256u /* rows at most */

struct rt_cells {
    struct rt_buf values, value_offsets; /* value_offsets: of byte columns only */
    uint32_t list_offsets[RT_ROWS_BATCH + 1];
    uint32_t n_cells;
    bool used;
    bool bytes; /* text or binary */
    bool lists; /* a row may have several */
};

/* A cell of the row number @row, the newest. Return: 0 or -ENOMEM. */
int rt_cells_add(struct rt_cells *c, uint32_t row, const void *p, size_t n);
/* The row number @row has all its cells. */
static inline void rt_cells_row(struct rt_cells *c, uint32_t row)
{
    if (c->used)
        c->list_offsets[row + 1] = c->n_cells;
}
/* As a column of a batch of @n rows; borrowed. */
rr_column rt_cells_column(const struct rt_cells *c, const char *component, uint32_t n);
void rt_cells_clear(struct rt_cells *c);
void rt_cells_deinit(struct rt_cells *c);

#endif
