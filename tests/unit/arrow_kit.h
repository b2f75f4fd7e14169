/* Arrow data as a program hands it over: each array on the heap, counted, so that one which is not released, or twice, is seen. */
#ifndef RT_TESTS_UNIT_ARROW_KIT_H
#define RT_TESTS_UNIT_ARROW_KIT_H

#include <rerun.h>

#include "tests/harness/test.h"

static int kit_live; /* arrays and schemas that were made and not released */

struct kit_arrow {
    const void *buffers[3];
    struct ArrowArray *children[1], child;
    struct ArrowSchema *schemas[1], schema;
};

static inline void kit_release(struct ArrowArray *a)
{
    struct kit_arrow *k = a->private_data;
    CHECK(a->release);
    if (a->n_children && k->child.release)
        k->child.release(&k->child);
    free(k);
    a->release = NULL;
    kit_live--;
}

static inline void kit_release_child(struct ArrowArray *a)
{
    a->release = NULL;
}

static inline struct ArrowArray kit_array(int64_t length, int64_t n_buffers, const void *b0, const void *b1, const void *b2)
{
    struct kit_arrow *k = calloc(1, sizeof *k);
    CHECK(k);
    k->buffers[0] = b0;
    k->buffers[1] = b1;
    k->buffers[2] = b2;
    kit_live++;
    return (struct ArrowArray){.length = length, .n_buffers = n_buffers, .buffers = k->buffers, .release = kit_release, .private_data = k};
}

static const double kit_numbers[] = {1, 2, 3, 4};
static const int64_t kit_times[] = {10, 11, 12, 13};
static const int32_t kit_ends[] = {0, 1, 2, 3, 4};

static inline struct ArrowArray kit_f64(int64_t length)
{
    return kit_array(length, 2, NULL, kit_numbers, NULL);
}

static inline struct ArrowArray kit_i64(int64_t length)
{
    return kit_array(length, 2, NULL, kit_times, NULL);
}

/* @length lists of one number each. */
static inline struct ArrowArray kit_lists(int64_t length)
{
    struct ArrowArray a = kit_array(length, 2, NULL, kit_ends, NULL);
    struct kit_arrow *k = a.private_data;
    k->buffers[2] = kit_numbers;
    static const void *buffers[] = {NULL, kit_numbers};
    k->child = (struct ArrowArray){.length = length, .n_buffers = 2, .buffers = buffers, .release = kit_release_child};
    k->children[0] = &k->child;
    a.n_children = 1;
    a.children = k->children;
    return a;
}

static inline void kit_release_schema(struct ArrowSchema *s)
{
    CHECK(s->release);
    free(s->private_data);
    s->release = NULL;
    kit_live--;
}

static inline struct ArrowSchema kit_schema(const char *format)
{
    kit_live++;
    struct ArrowSchema s = {.format = format, .name = "", .flags = ARROW_FLAG_NULLABLE, .release = kit_release_schema};
    CHECK(s.private_data = malloc(1));
    return s;
}

static inline rr_component_type kit_type(rr_string component, const char *format)
{
    return (rr_component_type){{{0}, component, {0}}, kit_schema(format)};
}

#endif
