/* Any bytes as an ELF file: what kind of program it is, its build id, its link to a debug file, the functions of both kinds of symbol tables, and lookups. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/elf.h"
#include "symbols/program.h"
#include "symbols/symbols.h"
#include "symbols/table.h"

#define BUDGET (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct rt_symbols_table *t)
{
    const char *first = t->names, *behind = t->names + t->bytes;
    for (size_t i = 0; i < t->n_marks && i < 1000; i++) {
        const char *name = rt_symbols_table_find(t, t->mark[i].start);
        if (name && (name < first || name >= behind || !*name))
            abort();
        if (i && t->mark[i].start <= t->mark[i - 1].start)
            abort();
    }
    rt_symbols_table_find(t, 0);
    rt_symbols_table_find(t, UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t types[] = {SHT_SYMTAB, SHT_DYNSYM};
    uint8_t id[RT_BUILD_ID_MAX];
    char path[64];
    size_t id_len = 0;
    struct rt_elf e;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rt_program_kind(path, NULL);
    if (rt_elf_open(&e, path) == 0) {
        id_len = rt_elf_build_id(&e, id);
        rt_elf_content(rt_elf_named(&e, ".gnu_debuglink"));
        for (unsigned i = 0; i < 2; i++) {
            struct rt_symbols_table t;
            if (rt_symbols_table_init(&t, &e, types[i], BUDGET) == 0) {
                if (t.bytes > BUDGET)
                    abort();
                look_up(&t);
                rt_symbols_table_deinit(&t);
            }
        }
        rt_elf_close(&e);
        struct rt_symbols *s = rt_symbols_new();
        rt_symbols_debug_dir(s, "/nonexistent");
        rt_symbols_function(rt_symbols_module(s, path, id, id_len), 0x1000);
        rt_symbols_free(s);
    }
    close(fd);
    return 0;
}
