#include "collect/metrics.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "meaning/path.h"

#define SLOTS     (2 * RT_METRICS_MAX)
#define PATH_MOST 640u

struct rt_metric {
    uint32_t n;
    int64_t time_ns[RT_METRICS_BATCH];
    double value[RT_METRICS_BATCH];
    char path[PATH_MOST];
};

static int flush(struct rt_metrics *m, struct rt_metric *c)
{
    rr_column column = {.component = "Scalars:scalars", .values = c->value};
    uint32_t n = c->n;
    c->n = 0;
    return n && rr_log_columns(m->rec, c->path, n, c->time_ns, &column, 1, NULL) ? -EIO : 0;
}

/* Finds or makes; *ret NULL: there are too many. */
static int curve(struct rt_metrics *m, const char *path, struct rt_metric **ret)
{
    uint32_t i = (uint32_t)(rt_hash(RT_HASH_START, path, strlen(path)) >> 32) % SLOTS;
    for (; m->slot[i]; i = (i + 1) % SLOTS)
        if (!strcmp(m->slot[i]->path, path)) {
            *ret = m->slot[i];
            return 0;
        }
    *ret = NULL;
    if (m->n >= RT_METRICS_MAX)
        return 0;
    if (!(*ret = m->slot[i] = calloc(1, sizeof **ret)))
        return -ENOMEM;
    snprintf((*ret)->path, sizeof (*ret)->path, "%s", path);
    m->n++;
    return 0;
}

static int add(struct rt_metrics *m, const char *path, int64_t time_ns, double value)
{
    struct rt_metric *c;
    int r = curve(m, path, &c);
    if (!c) {
        m->n_left_out += !r;
        return r;
    }
    c->time_ns[c->n] = time_ns;
    c->value[c->n++] = value;
    return c->n == RT_METRICS_BATCH ? flush(m, c) : 0;
}

int rt_metrics_take(struct rt_metrics *m, const char *program, const struct rt_log_row *row)
{
    char format[1024], path[PATH_MOST];
    int result = 0;
    if (!m->glob || !row->n_args || row->template.n >= sizeof format)
        return 0;
    memcpy(format, row->template.p, row->template.n);
    format[row->template.n] = 0;
    if (fnmatch(m->glob, format, 0))
        return 0;
    size_t n = rt_path_join(path, sizeof path - 16, "metrics", program, format);
    for (uint32_t i = 0; i < row->n_args; i++) {
        if (isnan(row->args[i].number))
            continue;
        snprintf(path + n, sizeof path - n, "/%u", i + 1);
        int r = add(m, path, row->time_ns, row->args[i].number);
        result = r ? r : result;
    }
    return result;
}

int rt_metrics_flush(struct rt_metrics *m)
{
    int r = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        if (m->slot[i] && flush(m, m->slot[i]))
            r = -EIO;
    return r;
}

void rt_metrics_deinit(struct rt_metrics *m)
{
    for (uint32_t i = 0; i < SLOTS; i++)
        free(m->slot[i]);
    *m = (struct rt_metrics){0};
}
