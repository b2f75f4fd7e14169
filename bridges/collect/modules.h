/* What addresses in programs mean: MODULE records say which code a process has mapped, a call site is then a place in a file.
 *
 *   (process, address) → module + offset in it → function (symbols/symbols.h)
 *
 * Modules are kept once (path + build id), maps are a process' own and inherited over fork. */
#ifndef RT_COLLECT_MODULES_H
#define RT_COLLECT_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define RT_MODULES_MAX  8192u /* files; of what comes beyond nothing is known */
#define RT_MODULES_BYTES (16u << 20) /* of all their paths */
#define RT_MAPS_MAX     4096u /* of one process */
#define RT_MAPS_ALL     (1u << 20) /* of all processes */
#define RT_BUILD_ID_MAX 64u

struct rt_modules; /* of a recording */
struct rt_maps;    /* of a process; NULL = nothing known */

/* What an address means; everything borrowed until the end. */
struct rt_place {
    const char *path;     /* of the module */
    const uint8_t *id;    /* its build id */
    const char *function; /* NULL = unknown */
    uint32_t path_len, id_len, function_len;
    int64_t offset;       /* of the address, as the file counts (its virtual addresses) */
};

struct rt_modules *rt_modules_new(void);
struct rt_modules *rt_modules_free(struct rt_modules *s);

/* Takes the @n bytes of a MODULE record; makes *maps at the first. Return: 0, -EBADMSG (not what the shim writes), -ENOMEM. */
int rt_modules_take(struct rt_modules *s, struct rt_maps **maps, const void *payload, size_t n);
/* Return: false = nothing of ours is mapped there. */
bool rt_modules_find(struct rt_modules *s, const struct rt_maps *maps, uint64_t address, struct rt_place *ret);

/* Gives a copy (NULL of NULL, without memory, or when all have too many). */
struct rt_maps *rt_maps_copy(const struct rt_maps *maps);
/* Accepts NULL. Return: NULL. */
struct rt_maps *rt_maps_free(struct rt_maps *maps);

int rt_maps_save(const struct rt_maps *maps, struct rt_buf *out);
int rt_maps_load(struct rt_modules *s, struct rt_maps **maps, const uint8_t *p, size_t n, size_t *ret_used);

#endif
