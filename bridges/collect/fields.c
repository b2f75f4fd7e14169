#include "collect/fields.h"

#include <stdio.h>

#define PREFIX "retap.Field:"

struct rt_field {
    char component[sizeof PREFIX + RT_FIELD_NAME_MOST];
    size_t name_len;
    struct rt_cells cells;
};

/* Finds or makes. Return: NULL = there are too many, or the name is too long; *ret_error: there is no memory. */
static struct rt_field *field_of(struct rt_fields *f, const char *name, size_t n, int *ret_error)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->at[i]->name_len == n && !memcmp(f->at[i]->component + sizeof PREFIX - 1, name, n))
            return f->at[i];
    if (f->n == RT_FIELDS_MOST || n > RT_FIELD_NAME_MOST || !n || memchr(name, 0, n))
        return NULL;
    struct rt_field *new = calloc(1, sizeof *new);
    if (!new) {
        *ret_error = -ENOMEM;
        return NULL;
    }
    snprintf(new->component, sizeof new->component, PREFIX "%.*s", (int)n, name);
    new->name_len = n;
    new->cells.bytes = new->cells.lists = true;
    return f->at[f->n++] = new;
}

/* ---------------------------------------------------------------- JSON */
static int json_text(struct rt_buf *out, const char *p, size_t n)
{
    int r = rt_buf_append(out, "\"", 1);
    for (size_t i = 0; i < n && !r; i++) {
        char escape[8];
        unsigned char c = (unsigned char)p[i];
        int len = c == '"' || c == '\\' ? snprintf(escape, sizeof escape, "\\%c", c)
                : c < 0x20 ? snprintf(escape, sizeof escape, "\\u%04x", c) : 0;
        r = len ? rt_buf_append(out, escape, (size_t)len) : rt_buf_append(out, p + i, 1);
    }
    return r ? r : rt_buf_append(out, "\"", 1);
}

static int json_member(struct rt_buf *out, const struct rt_row_field *field)
{
    int r = rt_buf_append(out, out->len ? "," : "{", 1);
    if (!r)
        r = json_text(out, field->name, field->name_len);
    if (!r)
        r = rt_buf_append(out, ":", 1);
    return r ? r : json_text(out, field->value, field->len);
}

/* ---------------------------------------------------------------- rows */
int rt_fields_add(struct rt_fields *f, uint32_t row, const struct rt_row_field *fields, uint32_t n)
{
    struct rt_buf json = {0};
    int r = 0;
    for (uint32_t i = 0; i < n && !r; i++) {
        struct rt_field *field = field_of(f, fields[i].name, fields[i].name_len, &r);
        if (field)
            r = rt_cells_add(&field->cells, row, fields[i].value, fields[i].len);
        else if (!r)
            r = json_member(&json, &fields[i]);
    }
    f->more.bytes = true;
    if (!r && json.len && !(r = rt_buf_append(&json, "}", 1)))
        r = rt_cells_add(&f->more, row, json.data, json.len);
    rt_buf_deinit(&json);
    return r ? -ENOMEM : 0;
}

void rt_fields_row(struct rt_fields *f, uint32_t row)
{
    for (uint32_t i = 0; i < f->n; i++)
        rt_cells_row(&f->at[i]->cells, row);
    rt_cells_row(&f->more, row);
}

uint32_t rt_fields_columns(const struct rt_fields *f, uint32_t n, rr_column *ret)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->n; i++)
        if (f->at[i]->cells.used)
            ret[count++] = rt_cells_column(&f->at[i]->cells, f->at[i]->component, n);
    if (f->more.used)
        ret[count++] = rt_cells_column(&f->more, "retap.Log:fields", n);
    return count;
}

void rt_fields_clear(struct rt_fields *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        rt_cells_clear(&f->at[i]->cells);
    rt_cells_clear(&f->more);
}

void rt_fields_trim(struct rt_fields *f)
{
    for (uint32_t i = 0; i < f->n; i++)
        rt_cells_deinit(&f->at[i]->cells);
    rt_cells_deinit(&f->more);
}

void rt_fields_free(struct rt_fields *f)
{
    rt_fields_trim(f);
    for (uint32_t i = 0; i < f->n; i++)
        free(f->at[i]);
    *f = (struct rt_fields){0};
}
