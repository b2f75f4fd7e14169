/* Counting by name: a hash table of strings and how often each was seen. Zero-initialised is empty. */
#ifndef RT_CLI_TALLY_H
#define RT_CLI_TALLY_H

#include <stddef.h>
#include <stdint.h>

struct rt_tally_entry {
    char *key; /* owned, NUL-terminated; may hold further NULs */
    size_t key_len;
    uint64_t n;
};

struct rt_tally {
    struct rt_tally_entry *entries;
    size_t n_entries, cap;
    uint32_t *slots; /* 1 + index of the entry; 0 = free */
    size_t n_slots;  /* power of two, at most half full */
};

/* Adds @n to @key. Return: 0 or -ENOMEM. */
int rt_tally_add(struct rt_tally *t, const char *key, size_t key_len, uint64_t n);
/* Most frequent first, then by key. Further additions are still possible. */
int rt_tally_sort(struct rt_tally *t);
void rt_tally_deinit(struct rt_tally *t);

#endif
