#include "collect/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "meaning/display.h"
#include "ring/layout.h"
#include "symbols/symbols.h"

#define SLOTS  (2 * RT_MODULES_MAX)
#define CACHED 4096u /* call sites whose function was asked for lately */

struct module {
    uint64_t hash;
    uint32_t path_len, id_len;
    uint8_t id[RT_BUILD_ID_MAX];
    struct rt_symbols_module *symbols;
    char *raw;   /* path as the process knows it, ended by NUL */
    char path[]; /* displayable */
};

struct rt_modules {
    struct rt_symbols *symbols;
    struct module *slot[SLOTS]; /* open addressing, by path and build id */
    uint32_t n;
    size_t bytes;   /* of their paths */
    size_t n_places; /* that all maps have room for */
    struct {
        const struct module *module;
        int64_t offset;
        const char *function;
    } cache[CACHED];
};

struct map {
    uint64_t start, end, base;
    const struct module *module;
};

struct rt_maps {
    struct rt_modules *owner;
    uint32_t n;
    size_t cap;
    struct map at[]; /* by start; none overlaps another */
};

struct rt_modules *rt_modules_new(void)
{
    struct rt_modules *s = calloc(1, sizeof *s);
    if (s && !(s->symbols = rt_symbols_new()))
        return rt_modules_free(s);
    return s;
}

struct rt_modules *rt_modules_free(struct rt_modules *s)
{
    for (uint32_t i = 0; s && i < SLOTS; i++) {
        if (s->slot[i])
            free(s->slot[i]->raw);
        free(s->slot[i]);
    }
    if (s)
        rt_symbols_free(s->symbols);
    free(s);
    return NULL;
}

/* ---------------------------------------------------------------- modules */
static struct module *module_make(struct rt_modules *s, const char *path, size_t len, const uint8_t *id, uint32_t id_len)
{
    struct rt_buf shown = {0};
    bool changed = false;
    struct module *m = NULL;
    char *raw = strndup(path, len);
    if (raw && !rt_display_append(&shown, path, len, &changed) && (m = calloc(1, sizeof *m + shown.len))) {
        *m = (struct module){.path_len = (uint32_t)shown.len, .id_len = id_len, .raw = raw};
        memcpy(m->id, id, id_len);
        if (shown.len)
            memcpy(m->path, shown.data, shown.len);
        m->symbols = rt_symbols_module(s->symbols, raw, id, id_len);
        raw = NULL;
    }
    free(raw);
    rt_buf_deinit(&shown);
    return m;
}

/* Finds or makes; NULL without memory, or when there are too many. */
static const struct module *module_get(struct rt_modules *s, const char *path, size_t len, const uint8_t *id, uint32_t id_len)
{
    uint64_t h = rt_hash(rt_hash(RT_HASH_START, path, len), id, id_len);
    uint32_t i = (uint32_t)h % SLOTS;
    for (; s->slot[i]; i = (i + 1) % SLOTS) {
        const struct module *m = s->slot[i];
        if (m->hash == h && m->id_len == id_len && !memcmp(m->id, id, id_len) && strlen(m->raw) == len && !memcmp(m->raw, path, len))
            return m;
    }
    bool room = s->n < RT_MODULES_MAX && len <= PATH_MAX && s->bytes < RT_MODULES_BYTES;
    struct module *m = room ? module_make(s, path, len, id, id_len) : NULL;
    if (m) {
        s->bytes += 2 * len + m->path_len; /* one for its symbols */
        m->hash = h;
        s->slot[i] = m;
        s->n++;
    }
    return m;
}

/* ---------------------------------------------------------------- maps */
/* The first that ends behind @address. */
static uint32_t position(const struct rt_maps *maps, uint64_t address)
{
    uint32_t low = 0, high = maps ? maps->n : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (maps->at[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int map_add(struct rt_modules *s, struct rt_maps **maps, struct map map)
{
    struct rt_maps *m = *maps;
    if (!m || m->n == m->cap) {
        size_t cap = m ? m->cap * 2 : 16, more_places = cap - (m ? m->cap : 0);
        if (s->n_places + more_places > RT_MAPS_ALL)
            return 0;
        struct rt_maps *more = realloc(m, sizeof *m + cap * sizeof *m->at);
        if (!more)
            return -ENOMEM;
        if (!m)
            *more = (struct rt_maps){.owner = s};
        s->n_places += more_places;
        more->cap = cap;
        *maps = m = more;
    }
    uint32_t i = position(m, map.start), over = i;
    while (over < m->n && m->at[over].start < map.end)
        over++; /* unmapped meanwhile: something new lies there */
    if (i == over && m->n >= RT_MAPS_MAX)
        return 0;
    memmove(&m->at[i + 1], &m->at[over], (m->n - over) * sizeof *m->at);
    m->n = m->n - (over - i) + 1;
    m->at[i] = map;
    return 0;
}

int rt_modules_take(struct rt_modules *s, struct rt_maps **maps, const void *payload, size_t n)
{
    struct rt_module r;
    if (n < sizeof r)
        return -EBADMSG;
    memcpy(&r, payload, sizeof r);
    n -= sizeof r;
    if (r.id_len > RT_BUILD_ID_MAX || r.id_len > n || r.path_len > n - r.id_len || r.start >= r.end)
        return -EBADMSG;
    const uint8_t *id = (const uint8_t *)payload + sizeof r;
    const char *path = (const char *)id + r.id_len;
    const struct module *m = module_get(s, path, strnlen(path, r.path_len), id, r.id_len);
    return m ? map_add(s, maps, (struct map){r.start, r.end, r.base, m}) : 0;
}

struct rt_maps *rt_maps_copy(const struct rt_maps *maps)
{
    bool room = maps && maps->owner->n_places + maps->n <= RT_MAPS_ALL;
    struct rt_maps *copy = room ? malloc(sizeof *copy + maps->n * sizeof *copy->at) : NULL;
    if (!copy)
        return NULL;
    memcpy(copy, maps, sizeof *copy + maps->n * sizeof *copy->at);
    copy->cap = copy->n;
    copy->owner->n_places += copy->cap;
    return copy;
}

struct rt_maps *rt_maps_free(struct rt_maps *maps)
{
    if (maps)
        maps->owner->n_places -= maps->cap;
    free(maps);
    return NULL;
}

/* ---------------------------------------------------------------- places */
static const char *function_at(struct rt_modules *s, const struct module *m, int64_t offset)
{
    uint32_t i = (uint32_t)(((uint64_t)offset ^ (uintptr_t)m) * 0x9E3779B97F4A7C15u >> 32) % CACHED; /* Fibonacci hashing */
    if (s->cache[i].module != m || s->cache[i].offset != offset) {
        s->cache[i].module = m;
        s->cache[i].offset = offset;
        s->cache[i].function = rt_symbols_function(m->symbols, (uint64_t)offset - 1); /* the call lies before where it returns to */
    }
    return s->cache[i].function;
}

bool rt_modules_find(struct rt_modules *s, const struct rt_maps *maps, uint64_t address, struct rt_place *ret)
{
    uint32_t i = position(maps, address - 1);
    if (!maps || i == maps->n || address - 1 < maps->at[i].start)
        return false;
    const struct map *map = &maps->at[i];
    int64_t offset = (int64_t)(address - map->base);
    const char *function = function_at(s, map->module, offset);
    *ret = (struct rt_place){.path = map->module->path, .path_len = map->module->path_len, .id = map->module->id,
                             .id_len = map->module->id_len, .function = function,
                             .function_len = function ? (uint32_t)strlen(function) : 0, .offset = offset};
    return true;
}

/* ---------------------------------------------------------------- checkpoint */
/* count, then of each what its MODULE record said */
int rt_maps_save(const struct rt_maps *maps, struct rt_buf *out)
{
    uint32_t n = maps ? maps->n : 0;
    int r = rt_buf_append(out, &n, sizeof n);
    for (uint32_t i = 0; i < n && !r; i++) {
        const struct map *m = &maps->at[i];
        struct rt_module head = {m->base, m->start, m->end, m->module->id_len, (uint32_t)strlen(m->module->raw)};
        r = rt_buf_append(out, &head, sizeof head);
        if (!r)
            r = rt_buf_append(out, m->module->id, head.id_len);
        if (!r)
            r = rt_buf_append(out, m->module->raw, head.path_len);
    }
    return r;
}

int rt_maps_load(struct rt_modules *s, struct rt_maps **maps, const uint8_t *p, size_t n, size_t *ret_used)
{
    struct rt_module head;
    uint32_t count;
    size_t at = sizeof count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    for (; count > 0; count--) {
        int r = rt_modules_take(s, maps, p + at, n - at);
        if (r)
            return r;
        memcpy(&head, p + at, sizeof head);
        at += sizeof head + head.id_len + head.path_len;
    }
    *ret_used = at;
    return 0;
}
