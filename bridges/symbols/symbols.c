#include "symbols/symbols.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/table.h"

#define CHAINS 256u

struct rt_symbols_module {
    struct rt_symbols_module *next;
    struct rt_symbols *owner;
    struct rt_symbols_table table;
    bool loaded;
    uint32_t id_len;
    uint8_t id[RT_BUILD_ID_MAX];
    char path[];
};

struct rt_symbols {
    struct rt_symbols_module *chain[CHAINS];
    struct rt_symbols_module *nameless; /* for modules beyond the limits */
    const char *debug_dir;
    uint32_t n_modules;
    size_t bytes;
};

/* ---------------------------------------------------------------- modules */
static struct rt_symbols_module *new_module(struct rt_symbols *s, const char *path, const uint8_t *id, size_t id_len)
{
    size_t n = strlen(path) + 1;
    struct rt_symbols_module *m = calloc(1, sizeof *m + n);
    if (!m)
        return NULL;
    m->owner = s;
    m->id_len = (uint32_t)id_len;
    if (id_len)
        memcpy(m->id, id, id_len);
    memcpy(m->path, path, n);
    return m;
}

struct rt_symbols *rt_symbols_new(void)
{
    struct rt_symbols *s = calloc(1, sizeof *s);
    if (s && !(s->nameless = new_module(s, "", NULL, 0))) {
        free(s);
        return NULL;
    }
    if (s)
        s->debug_dir = "/usr/lib/debug";
    return s;
}

struct rt_symbols *rt_symbols_free(struct rt_symbols *s)
{
    for (uint32_t i = 0; s && i < CHAINS; i++)
        for (struct rt_symbols_module *m = s->chain[i], *next; m; m = next) {
            next = m->next;
            rt_symbols_table_deinit(&m->table);
            free(m);
        }
    if (s)
        free(s->nameless);
    free(s);
    return NULL;
}

void rt_symbols_debug_dir(struct rt_symbols *s, const char *dir)
{
    s->debug_dir = dir;
}

static uint32_t hash(const char *path, const uint8_t *id, size_t id_len) /* FNV-1a */
{
    uint32_t h = 2166136261u;
    for (; *path; path++)
        h = (h ^ (uint8_t)*path) * 16777619u;
    for (size_t i = 0; i < id_len; i++)
        h = (h ^ id[i]) * 16777619u;
    return h;
}

struct rt_symbols_module *rt_symbols_module(struct rt_symbols *s, const char *path, const uint8_t *build_id, size_t id_len)
{
    if (!id_len || id_len > RT_BUILD_ID_MAX || strlen(path) >= PATH_MAX)
        return s->nameless;
    struct rt_symbols_module **chain = &s->chain[hash(path, build_id, id_len) % CHAINS];
    for (struct rt_symbols_module *m = *chain; m; m = m->next)
        if (m->id_len == id_len && !memcmp(m->id, build_id, id_len) && !strcmp(m->path, path))
            return m;
    struct rt_symbols_module *m = s->n_modules < RT_SYMBOLS_MODULES_MAX ? new_module(s, path, build_id, id_len) : NULL;
    if (!m)
        return s->nameless;
    m->next = *chain;
    *chain = m;
    s->n_modules++;
    return m;
}

/* ---------------------------------------------------------------- files */
/* Opens @path if it is the module's file, or one about it. */
static bool open_own(const struct rt_symbols_module *m, struct rt_elf *e, const char *path)
{
    uint8_t id[RT_BUILD_ID_MAX];
    if (rt_elf_open(e, path) < 0)
        return false;
    if (rt_elf_build_id(e, id) == m->id_len && !memcmp(id, m->id, m->id_len))
        return true;
    rt_elf_close(e);
    return false;
}

static bool read_table(struct rt_symbols_module *m, const struct rt_elf *e, uint32_t type)
{
    struct rt_symbols *s = m->owner;
    if (rt_symbols_table_init(&m->table, e, type, RT_SYMBOLS_BYTES_MAX - s->bytes) < 0)
        return false;
    s->bytes += m->table.bytes;
    return true;
}

static bool read_debug(struct rt_symbols_module *m, const char *path)
{
    struct rt_elf e;
    if (!open_own(m, &e, path))
        return false;
    bool found = read_table(m, &e, SHT_SYMTAB);
    rt_elf_close(&e);
    return found;
}

/* DIR/.build-id/xx/yyyy.debug */
static bool read_by_build_id(struct rt_symbols_module *m)
{
    char path[PATH_MAX], hex[RT_BUILD_ID_MAX * 2 + 1];
    for (uint32_t i = 0; i < m->id_len; i++)
        sprintf(hex + 2 * i, "%02x", m->id[i]);
    int n = snprintf(path, sizeof path, "%s/.build-id/%.2s/%s.debug", m->owner->debug_dir, hex, hex + 2);
    return m->id_len > 1 && n < (int)sizeof path && read_debug(m, path);
}

/* The file that .gnu_debuglink names: beside the module, in .debug there, in its place under the debug directory. */
static bool read_by_link(struct rt_symbols_module *m, const struct rt_elf *e)
{
    static const char *const places[] = {"%.0s%.*s%s", "%.0s%.*s.debug/%s", "%s%.*s%s"};
    const Elf_Data *d = rt_elf_content(rt_elf_named(e, ".gnu_debuglink"));
    const char *name = d ? d->d_buf : NULL, *slash = strrchr(m->path, '/');
    if (!name || !memchr(name, 0, d->d_size) || !*name || strchr(name, '/'))
        return false;
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, places[i], m->owner->debug_dir, slash ? (int)(slash + 1 - m->path) : 0, m->path, name);
        if (n > 0 && n < (int)sizeof path && read_debug(m, path))
            return true;
    }
    return false;
}

static void load(struct rt_symbols_module *m)
{
    struct rt_elf e;
    if (!open_own(m, &e, m->path))
        return;
    if (!read_table(m, &e, SHT_SYMTAB) && !read_by_build_id(m) && !read_by_link(m, &e))
        read_table(m, &e, SHT_DYNSYM);
    rt_elf_close(&e);
}

const char *rt_symbols_function(struct rt_symbols_module *m, uint64_t vaddr)
{
    if (!m->loaded && m->id_len)
        load(m);
    m->loaded = true;
    return rt_symbols_table_find(&m->table, vaddr);
}
