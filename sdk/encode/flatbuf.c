#include "encode/flatbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/xxh.h"

enum { MEMO_STRING = 0 }; /* the builder's own kind; callers use others */

void rt_fb_reset(struct rt_fb *fb)
{
    fb->used = 0;
    fb->n_vtables = 0;
    fb->error = 0;
    fb->repeat = false;
    fb->memo_len = 0;
    if (fb->memo)
        memset(fb->memo, 0, fb->memo_cap * sizeof *fb->memo);
}

void rt_fb_deinit(struct rt_fb *fb)
{
    free(fb->mem);
    free(fb->memo);
    *fb = (struct rt_fb){0};
}

static int fb_grow(struct rt_fb *fb, size_t n)
{
    size_t cap = fb->cap ? fb->cap : 2048;
    while (cap - fb->used < n)
        cap *= 2;
    uint8_t *mem = malloc(cap);
    if (!mem)
        return fb->error = -ENOMEM;
    if (fb->used)
        memcpy(mem + cap - fb->used, fb->mem + fb->cap - fb->used, fb->used);
    free(fb->mem);
    fb->mem = mem;
    fb->cap = cap;
    return 0;
}

static uint8_t *fb_at(const struct rt_fb *fb, size_t ref)
{
    return fb->mem + fb->cap - ref;
}

/* Takes @size bytes in front of what is there, so that their start is aligned. Return: where; NULL after a
 * failure. */
static uint8_t *fb_push(struct rt_fb *fb, size_t size, size_t align)
{
    size_t pad = (align - (fb->used + size) % align) % align;
    if (fb->error || (fb->cap - fb->used < size + pad && fb_grow(fb, size + pad) < 0))
        return NULL;
    memset(fb_at(fb, fb->used + pad), 0, pad);
    fb->used += size + pad;
    return fb_at(fb, fb->used);
}

/* ---------------------------------------------------------------- memo */

static struct rt_fb_memo *memo_slot(const struct rt_fb *fb, uint32_t kind, uint64_t key)
{
    uint64_t h = (key ^ ((uint64_t)kind << 56)) * 0x9E3779B97F4A7C15u;
    return &fb->memo[(h >> 32) & (fb->memo_cap - 1)];
}

static struct rt_fb_memo *memo_next(const struct rt_fb *fb, struct rt_fb_memo *m)
{
    return m + 1 == fb->memo + fb->memo_cap ? fb->memo : m + 1;
}

static int memo_grow(struct rt_fb *fb)
{
    struct rt_fb old = *fb;
    size_t cap = old.memo_cap ? old.memo_cap * 2 : 128;
    struct rt_fb_memo *memo = calloc(cap, sizeof *memo);
    if (!memo)
        return fb->error = -ENOMEM;
    fb->memo = memo;
    fb->memo_cap = cap;
    fb->memo_len = 0;
    for (size_t i = 0; i < old.memo_cap; i++)
        if (old.memo[i].ref)
            rt_fb_memo_put(fb, old.memo[i].kind, old.memo[i].key, old.memo[i].ref);
    free(old.memo);
    return 0;
}

void rt_fb_memo_put(struct rt_fb *fb, uint32_t kind, uint64_t key, uint32_t ref)
{
    if (fb->error || fb->repeat || !ref || (fb->memo_len * 2 >= fb->memo_cap && memo_grow(fb) < 0))
        return;
    struct rt_fb_memo *m = memo_slot(fb, kind, key);
    while (m->ref)
        m = memo_next(fb, m);
    *m = (struct rt_fb_memo){key, kind, ref};
    fb->memo_len++;
}

uint32_t rt_fb_memo_get(const struct rt_fb *fb, uint32_t kind, uint64_t key)
{
    if (!fb->memo_len)
        return 0;
    struct rt_fb_memo *m = memo_slot(fb, kind, key);
    while (m->ref && (m->kind != kind || m->key != key))
        m = memo_next(fb, m);
    return m->ref;
}

/* ---------------------------------------------------------------- strings, vectors */

static uint32_t string_find(const struct rt_fb *fb, uint64_t hash, const char *s, size_t len)
{
    if (!fb->memo_len)
        return 0;
    for (struct rt_fb_memo *m = memo_slot(fb, MEMO_STRING, hash); m->ref; m = memo_next(fb, m)) {
        uint32_t n;
        if (m->kind != MEMO_STRING || m->key != hash)
            continue;
        memcpy(&n, fb_at(fb, m->ref), sizeof n);
        if (n == len && !memcmp(fb_at(fb, m->ref) + 4, s, len))
            return m->ref;
    }
    return 0;
}

uint32_t rt_fb_string(struct rt_fb *fb, const char *s, size_t len)
{
    uint64_t hash = rt_xxh64(s, len, 0);
    uint32_t ref = fb->error || fb->repeat ? 0 : string_find(fb, hash, s, len);
    if (ref)
        return ref;
    uint8_t *p = fb_push(fb, 4 + len + 1, 4);
    if (!p)
        return 0;
    uint32_t n = (uint32_t)len;
    memcpy(p, &n, sizeof n);
    memcpy(p + 4, s, len);
    p[4 + len] = 0;
    ref = (uint32_t)fb->used;
    rt_fb_memo_put(fb, MEMO_STRING, hash, ref);
    return ref;
}

uint32_t rt_fb_vector_refs(struct rt_fb *fb, const uint32_t *refs, size_t n)
{
    uint8_t *p = fb_push(fb, 4 + 4 * n, 4);
    if (!p)
        return 0;
    uint32_t count = (uint32_t)n, start = (uint32_t)fb->used;
    memcpy(p, &count, sizeof count);
    for (size_t i = 0; i < n; i++) {
        uint32_t offset = start - 4 - 4 * (uint32_t)i - refs[i];
        memcpy(p + 4 + 4 * i, &offset, sizeof offset);
    }
    return start;
}

uint32_t rt_fb_vector_pairs(struct rt_fb *fb, const int64_t (*pairs)[2], size_t n)
{
    uint8_t *p = fb_push(fb, 16 * n, 8);
    if (!p)
        return 0;
    if (n)
        memcpy(p, pairs, 16 * n);
    p = fb_push(fb, 4, 4);
    if (!p)
        return 0;
    uint32_t count = (uint32_t)n;
    memcpy(p, &count, sizeof count);
    return (uint32_t)fb->used;
}

/* ---------------------------------------------------------------- tables */

void rt_fb_begin(struct rt_fb *fb)
{
    memset(fb->slots, 0, sizeof fb->slots);
    fb->table_start = fb->used;
}

static void slot_put(struct rt_fb *fb, unsigned slot, const void *v, size_t size)
{
    uint8_t *p = fb_push(fb, size, size);
    if (!p)
        return;
    memcpy(p, v, size);
    fb->slots[slot] = (uint32_t)fb->used;
}

void rt_fb_u8(struct rt_fb *fb, unsigned slot, uint8_t v) { slot_put(fb, slot, &v, sizeof v); }
void rt_fb_i16(struct rt_fb *fb, unsigned slot, int16_t v) { slot_put(fb, slot, &v, sizeof v); }
void rt_fb_i32(struct rt_fb *fb, unsigned slot, int32_t v) { slot_put(fb, slot, &v, sizeof v); }
void rt_fb_i64(struct rt_fb *fb, unsigned slot, int64_t v) { slot_put(fb, slot, &v, sizeof v); }

void rt_fb_ref(struct rt_fb *fb, unsigned slot, uint32_t ref)
{
    uint32_t zero = 0;
    slot_put(fb, slot, &zero, sizeof zero);
    if (fb->error)
        return;
    uint32_t offset = (uint32_t)fb->used - ref;
    memcpy(fb_at(fb, fb->used), &offset, sizeof offset);
}

/* The vtable of the table that starts at @table: its own length, the table's length, then where each slot
 * lies. */
static size_t vtable_make(const struct rt_fb *fb, size_t table, uint16_t vt[2 + RT_FB_MAX_SLOTS])
{
    unsigned n = RT_FB_MAX_SLOTS;
    while (n && !fb->slots[n - 1])
        n--;
    vt[0] = (uint16_t)(4 + 2 * n);
    vt[1] = (uint16_t)(table - fb->table_start);
    for (unsigned i = 0; i < n; i++)
        vt[2 + i] = fb->slots[i] ? (uint16_t)(table - fb->slots[i]) : 0;
    return vt[0];
}

static uint32_t vtable_ref(struct rt_fb *fb, const uint16_t *vt, size_t len)
{
    for (unsigned i = 0; i < fb->n_vtables && !fb->repeat; i++) {
        const uint8_t *known = fb_at(fb, fb->vtables[i]);
        if (!memcmp(known, vt, 2) && !memcmp(known, vt, len))
            return fb->vtables[i];
    }
    uint8_t *p = fb_push(fb, len, 2);
    if (!p)
        return 0;
    memcpy(p, vt, len);
    if (fb->n_vtables < RT_FB_MAX_VTABLES && !fb->repeat)
        fb->vtables[fb->n_vtables++] = (uint32_t)fb->used;
    return (uint32_t)fb->used;
}

uint32_t rt_fb_end(struct rt_fb *fb)
{
    uint16_t vt[2 + RT_FB_MAX_SLOTS];
    if (!fb_push(fb, 4, 4))
        return 0;
    size_t table = fb->used;
    size_t len = vtable_make(fb, table, vt);
    uint32_t at = vtable_ref(fb, vt, len);
    if (!at)
        return 0;
    int32_t back = (int32_t)at - (int32_t)table; /* FlatBuffers: vtable = table - soffset */
    memcpy(fb_at(fb, table), &back, sizeof back);
    return (uint32_t)table;
}

int rt_fb_finish(struct rt_fb *fb, uint32_t root, const uint8_t **ret, size_t *ret_len)
{
    uint8_t *p = fb_push(fb, 4, 8);
    if (!p)
        return fb->error;
    uint32_t offset = (uint32_t)fb->used - root;
    memcpy(p, &offset, sizeof offset);
    *ret = p;
    *ret_len = fb->used;
    return 0;
}
