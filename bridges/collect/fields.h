/* Fields of rows that have no column by name: what a journal entry or structured data say besides. Each becomes the column
 * retap.Field:NAME of its entity, up to RT_FIELDS_MOST of them (each costs the viewer); what there is more, and names that are too long, go
 * into one column of JSON objects, retap.Log:fields. A field that a row has twice is a cell with two values. */
#ifndef RT_COLLECT_FIELDS_H
#define RT_COLLECT_FIELDS_H

#include "collect/cells.h"

#define RT_FIELDS_MOST     64u /* columns of an entity */
#define RT_FIELD_NAME_MOST 128u /* bytes */

struct rt_row_field { /* valid UTF-8, borrowed */
    const char *name, *value;
    size_t name_len, len;
};

struct rt_fields {
    struct rt_field *at[RT_FIELDS_MOST];
    uint32_t n;
    struct rt_cells more; /* JSON */
};

/* The fields of the row number @row, the newest. Return: 0 or -ENOMEM. */
int rt_fields_add(struct rt_fields *f, uint32_t row, const struct rt_row_field *fields, uint32_t n);
/* The row has all its cells; to be called for rows without fields, too. */
void rt_fields_row(struct rt_fields *f, uint32_t row);
/* Columns of a batch of @n rows into @ret, which has room for RT_FIELDS_MOST + 1. Return: how many. */
uint32_t rt_fields_columns(const struct rt_fields *f, uint32_t n, rr_column *ret);
void rt_fields_clear(struct rt_fields *f);
/* Frees the memory of the cells of an empty batch; which fields are columns is kept. */
void rt_fields_trim(struct rt_fields *f);
void rt_fields_free(struct rt_fields *f);

#endif
