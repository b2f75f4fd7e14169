/* An ELF file that somebody else may have made to harm: opened so that reading it neither blocks nor allocates without bound.
 * The file is read, not mapped: one that is truncated meanwhile gives an error, not a signal. */
#ifndef RT_SYMBOLS_ELF_H
#define RT_SYMBOLS_ELF_H

#include <gelf.h>
#include <libelf.h>
#include <stddef.h>
#include <stdint.h>

#define RT_BUILD_ID_MAX    64u           /* bytes; linkers make 16 or 20 */
#define RT_ELF_SECTION_MAX (64u << 20)   /* bytes; larger ones are not read: 2.8 million symbols */

struct rt_elf {
    Elf *elf;
    int fd;
};

/* Opens the file @path for reading if it is a regular one: to open others may do something. Return: a descriptor or -errno. */
int rt_elf_regular(const char *path);
/* Return: 0, -errno, -ENOEXEC when it is no ELF file or one with a section table that linkers don't make. */
int rt_elf_open(struct rt_elf *e, const char *path);
/* Accepts what a failed rt_elf_open() left. */
void rt_elf_close(struct rt_elf *e);

/* The content of a section, borrowed until close. Return: NULL when it has none, is too large or lies outside of the file. */
Elf_Data *rt_elf_content(Elf_Scn *scn);
/* The next section of @type behind @scn (NULL: from the first). Return: NULL after the last. */
Elf_Scn *rt_elf_next(const struct rt_elf *e, Elf_Scn *scn, uint32_t type);
/* The section that is called @name, else NULL. */
Elf_Scn *rt_elf_named(const struct rt_elf *e, const char *name);

/* The note NT_GNU_BUILD_ID. Return: its bytes, 0 = there is none. */
size_t rt_elf_build_id(const struct rt_elf *e, uint8_t ret_id[RT_BUILD_ID_MAX]);

#endif
