#include "cli/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/xxh.h"

#include "base/array.h"

static uint32_t *find_slot(const struct rt_tally *t, const char *key, size_t len)
{
    size_t i = rt_xxh3(key, len) & (t->n_slots - 1);
    for (;; i = (i + 1) & (t->n_slots - 1)) {
        uint32_t *slot = &t->slots[i];
        const struct rt_tally_entry *e = *slot ? &t->entries[*slot - 1] : NULL;
        if (!e || (e->key_len == len && !memcmp(e->key, key, len)))
            return slot;
    }
}

/* Fills new slots from the entries. */
static int rehash(struct rt_tally *t, size_t n_slots)
{
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    for (size_t i = 0; i < t->n_entries; i++)
        *find_slot(t, t->entries[i].key, t->entries[i].key_len) = (uint32_t)i + 1;
    return 0;
}

static int add_entry(struct rt_tally *t, const char *key, size_t len, uint64_t n)
{
    if (t->n_entries == t->cap) {
        struct rt_tally_entry *p = rt_array_grow(t->entries, &t->cap, sizeof *p);
        if (!p)
            return -ENOMEM;
        t->entries = p;
    }
    char *copy = malloc(len + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, key, len);
    copy[len] = 0;
    t->entries[t->n_entries++] = (struct rt_tally_entry){copy, len, n};
    return 0;
}

int rt_tally_add(struct rt_tally *t, const char *key, size_t key_len, uint64_t n)
{
    if (2 * (t->n_entries + 1) > t->n_slots) {
        int r = rehash(t, t->n_slots ? t->n_slots * 2 : 64);
        if (r < 0)
            return r;
    }
    uint32_t *slot = find_slot(t, key, key_len);
    if (*slot) {
        t->entries[*slot - 1].n += n;
        return 0;
    }
    int r = add_entry(t, key, key_len, n);
    if (!r)
        *slot = (uint32_t)t->n_entries;
    return r;
}

static int compare(const void *a, const void *b)
{
    const struct rt_tally_entry *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->key, y->key);
}

int rt_tally_sort(struct rt_tally *t)
{
    if (t->n_entries)
        qsort(t->entries, t->n_entries, sizeof *t->entries, compare);
    return rehash(t, t->n_slots ? t->n_slots : 64);
}

void rt_tally_deinit(struct rt_tally *t)
{
    for (size_t i = 0; i < t->n_entries; i++)
        free(t->entries[i].key);
    free(t->entries);
    free(t->slots);
    *t = (struct rt_tally){0};
}
