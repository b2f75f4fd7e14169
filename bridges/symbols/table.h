/* The functions of one ELF file, as a table of addresses.
 *
 * Symbols overlap: aliases, functions in functions, sizes that are wrong. So they are laid over each other once, the one that starts last
 * on top, and what remains is a sorted list of marks, "from here on: this name, or none":
 *
 *   main [0x10, 0x40)  inner [0x20, 0x28)      ──▶      0x10 main | 0x20 inner | 0x28 main | 0x40 none
 *
 * Symbols that start at one address are one function; its name is the global one, then the weak one, then the shortest, then the first in
 * the alphabet. One without a size reaches to the next symbol or to the end of its section. */
#ifndef RT_SYMBOLS_TABLE_H
#define RT_SYMBOLS_TABLE_H

#include "symbols/elf.h"

#define RT_SYMBOLS_PER_FILE_MAX (1u << 20) /* functions; a file with more gives none */
#define RT_SYMBOL_NAME_MAX      4096u      /* bytes; symbols with longer names, or such as can't be shown, are left out */

struct rt_symbols_mark {
    uint64_t start;
    uint32_t name; /* in names; 0 = none */
};

struct rt_symbols_table {
    struct rt_symbols_mark *mark; /* by start */
    size_t n_marks;
    char *names;   /* ended by NUL each; the first one is empty */
    size_t bytes;  /* allocated for both */
};

/* Reads the symbols of the sections of @type (SHT_SYMTAB, SHT_DYNSYM) in at most @max_bytes.
 * Return: 0, -ENODATA without any function, -EFBIG, -ENOMEM. */
int rt_symbols_table_init(struct rt_symbols_table *t, const struct rt_elf *e, uint32_t type, size_t max_bytes);
void rt_symbols_table_deinit(struct rt_symbols_table *t);

/* Return: the name that covers @vaddr, borrowed from the table; NULL when none does. */
const char *rt_symbols_table_find(const struct rt_symbols_table *t, uint64_t vaddr);

#endif
