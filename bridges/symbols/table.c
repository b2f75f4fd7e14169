#include "symbols/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "meaning/display.h"

#define NONE UINT32_MAX

struct function {
    uint64_t start, end;
    const char *name; /* in the file's strings, not ended by NUL */
    uint32_t len;
    uint32_t outer;   /* while marks are made: the function below this one */
    uint32_t stored;  /* where the name is in the table, 0 = not yet */
    uint8_t rank;     /* of the binding, less is better */
    bool sized;       /* else end is that of the section */
};

struct functions {
    struct function *at;
    size_t n, cap;
};

/* ---------------------------------------------------------------- from the file */
static uint8_t rank_of(unsigned char binding)
{
    return binding == STB_GLOBAL || binding == STB_GNU_UNIQUE ? 0 : binding == STB_WEAK ? 1 : 2;
}

/* The name at @offset of @strings without its version ("read@@GLIBC_2.2.5"). Return: its length, 0 when it is none that can be shown. */
static uint32_t name_at(const Elf_Data *strings, size_t offset, const char **ret_name)
{
    if (offset >= strings->d_size)
        return 0;
    const char *s = (const char *)strings->d_buf + offset;
    size_t room = strings->d_size - offset, n = strnlen(s, room < RT_SYMBOL_NAME_MAX ? room : RT_SYMBOL_NAME_MAX);
    unsigned flags = 0;
    if (n == room || n == RT_SYMBOL_NAME_MAX || !n)
        return 0;
    const char *version = memchr(s + 1, '@', n - 1);
    n = version ? (size_t)(version - s) : n;
    *ret_name = s;
    return rt_text_line_end(s, n, &flags) == n && !(flags & RT_TEXT_CONTROL) && rt_text_valid(s, n) ? (uint32_t)n : 0;
}

static uint64_t section_end(const struct rt_elf *e, unsigned index)
{
    GElf_Shdr h;
    Elf_Scn *scn = elf_getscn(e->elf, index);
    return scn && gelf_getshdr(scn, &h) && h.sh_addr + h.sh_size >= h.sh_addr ? h.sh_addr + h.sh_size : 0;
}

static bool to_function(const struct rt_elf *e, const GElf_Sym *s, const Elf_Data *strings, struct function *f)
{
    unsigned type = GELF_ST_TYPE(s->st_info);
    if ((type != STT_FUNC && type != STT_GNU_IFUNC) || s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE)
        return false;
    *f = (struct function){.start = s->st_value, .sized = s->st_size > 0, .rank = rank_of(GELF_ST_BIND(s->st_info))};
    f->end = f->sized ? s->st_value + s->st_size : section_end(e, s->st_shndx);
    f->len = f->end > f->start ? name_at(strings, s->st_name, &f->name) : 0;
    return f->len > 0;
}

static int collect(struct functions *fs, const struct rt_elf *e, Elf_Scn *scn)
{
    GElf_Shdr h;
    Elf_Data *symbols = rt_elf_content(scn);
    const Elf_Data *strings = gelf_getshdr(scn, &h) ? rt_elf_content(elf_getscn(e->elf, h.sh_link)) : NULL;
    GElf_Sym s;
    for (int i = 1; symbols && strings && gelf_getsym(symbols, i, &s); i++) {
        struct function f;
        if (!to_function(e, &s, strings, &f))
            continue;
        if (fs->n == RT_SYMBOLS_PER_FILE_MAX)
            return -EFBIG;
        struct function *grown = fs->n == fs->cap ? rt_array_grow(fs->at, &fs->cap, sizeof *fs->at) : fs->at;
        if (!grown)
            return -ENOMEM;
        fs->at = grown;
        fs->at[fs->n++] = f;
    }
    return 0;
}

/* ---------------------------------------------------------------- in order, one at each start */
static int by_start_best_first(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->name, y->name, x->len);
}

/* @alias starts where @f does: the extent is the largest that a symbol claims, or as far as one without size may reach. */
static void merge(struct function *f, const struct function *alias)
{
    if (alias->sized != f->sized ? alias->sized : alias->end > f->end)
        f->end = alias->end;
    f->sized |= alias->sized;
}

static void unify(struct functions *fs)
{
    size_t n = 0;
    qsort(fs->at, fs->n, sizeof *fs->at, by_start_best_first);
    for (size_t i = 0; i < fs->n; i++)
        if (n && fs->at[n - 1].start == fs->at[i].start)
            merge(&fs->at[n - 1], &fs->at[i]);
        else
            fs->at[n++] = fs->at[i];
    fs->n = n;
    for (size_t i = 0; i + 1 < n; i++)
        if (!fs->at[i].sized && fs->at[i].end > fs->at[i + 1].start)
            fs->at[i].end = fs->at[i + 1].start;
}

/* ---------------------------------------------------------------- marks */
struct making {
    struct functions fs;
    struct rt_buf marks, names;
    uint32_t open; /* the function on top, NONE */
    size_t max_bytes;
    int error;
};

static uint32_t store_name(struct making *m, struct function *f)
{
    if (f->stored)
        return f->stored;
    size_t at = m->names.len;
    if (at + f->len + 1 > m->max_bytes)
        m->error = -EFBIG;
    else if (rt_buf_append(&m->names, f->name, f->len) < 0 || rt_buf_append(&m->names, "", 1) < 0)
        m->error = -ENOMEM;
    else
        f->stored = (uint32_t)at;
    return f->stored;
}

/* From @start on the function on top is m->open. */
static void mark(struct making *m, uint64_t start)
{
    struct rt_symbols_mark k = {start, m->open == NONE ? 0 : store_name(m, &m->fs.at[m->open])};
    struct rt_symbols_mark *last = m->marks.len ? (struct rt_symbols_mark *)(void *)(m->marks.data + m->marks.len - sizeof k) : NULL;
    if (last && last->start == start)
        *last = k;
    else if (rt_buf_append(&m->marks, &k, sizeof k) < 0)
        m->error = -ENOMEM;
}

/* Functions on top that end at or before @at end. */
static void end_until(struct making *m, uint64_t at)
{
    while (m->open != NONE && m->fs.at[m->open].end <= at) {
        uint64_t end = m->fs.at[m->open].end;
        do
            m->open = m->fs.at[m->open].outer;
        while (m->open != NONE && m->fs.at[m->open].end <= end);
        mark(m, end);
    }
}

static void lay_over(struct making *m)
{
    m->open = NONE;
    if (rt_buf_append(&m->names, "", 1) < 0)
        m->error = -ENOMEM;
    for (uint32_t i = 0; i < m->fs.n && !m->error; i++) {
        struct function *f = &m->fs.at[i];
        end_until(m, f->start);
        f->outer = m->open;
        m->open = i;
        mark(m, f->start);
    }
    end_until(m, UINT64_MAX);
    if (!m->error && m->marks.len + m->names.len > m->max_bytes)
        m->error = -EFBIG;
}

/* Gives the memory of @b, no larger than its content. */
static void *trimmed(struct rt_buf *b)
{
    void *p = realloc(b->data, b->len);
    void *all = p ? p : b->data;
    *b = (struct rt_buf){0};
    return all;
}

int rt_symbols_table_init(struct rt_symbols_table *t, const struct rt_elf *e, uint32_t type, size_t max_bytes)
{
    struct making m = {.max_bytes = max_bytes < UINT32_MAX ? max_bytes : UINT32_MAX};
    *t = (struct rt_symbols_table){0};
    for (Elf_Scn *scn = NULL; !m.error && (scn = rt_elf_next(e, scn, type)); )
        m.error = collect(&m.fs, e, scn);
    if (!m.error && !m.fs.n)
        m.error = -ENODATA;
    if (!m.error) {
        unify(&m.fs);
        lay_over(&m);
    }
    if (!m.error) {
        t->bytes = m.marks.len + m.names.len;
        t->n_marks = m.marks.len / sizeof *t->mark;
        t->mark = trimmed(&m.marks);
        t->names = trimmed(&m.names);
    }
    rt_buf_deinit(&m.marks);
    rt_buf_deinit(&m.names);
    free(m.fs.at);
    return m.error;
}

void rt_symbols_table_deinit(struct rt_symbols_table *t)
{
    free(t->mark);
    free(t->names);
    *t = (struct rt_symbols_table){0};
}

const char *rt_symbols_table_find(const struct rt_symbols_table *t, uint64_t vaddr)
{
    size_t low = 0, high = t->n_marks; /* the first mark behind @vaddr */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->mark[middle].start <= vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    return low && t->mark[low - 1].name ? t->names + t->mark[low - 1].name : NULL;
}
