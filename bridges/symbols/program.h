/* What becomes of an executable when it is started with the shim: the loader that would load it, and what stands against it.
 *
 *   path ──#!──▶ interpreter ──#!──▶ … ──▶ ELF file: PT_INTERP, machine, mode bits, notes
 *
 * Nothing is executed; the file is read as in elf.h. What can't be read is taken for an ordinary program. */
#ifndef RT_SYMBOLS_PROGRAM_H
#define RT_SYMBOLS_PROGRAM_H

#include <limits.h>

enum rt_program_kind {
    RT_PROGRAM_UNKNOWN,  /* can't be read, or no ELF file (a script without #!: the shell's) */
    RT_PROGRAM_GLIBC,    /* the loader of glibc */
    RT_PROGRAM_MUSL,     /* … of musl: calls are seen by name only */
    RT_PROGRAM_LOADER,   /* another loader */
    RT_PROGRAM_STATIC,   /* none */
    RT_PROGRAM_GO,       /* none, by the Go tool chain */
    RT_PROGRAM_GO_LINKED, /* the loader of glibc, but what Go code writes passes libc by */
    RT_PROGRAM_FOREIGN,  /* another machine or word size */
    RT_PROGRAM_SECURE,   /* setuid, setgid or file capabilities that would change rights: the loader ignores LD_PRELOAD */
    RT_PROGRAM_ASAN,     /* AddressSanitizer as a library, and a program that speaks for it: refuses unless ASAN_OPTIONS allows */
    RT_PROGRAM_KINDS,
};

/* @ret_path (may be NULL): the ELF file in the end, @path itself where there is none. */
enum rt_program_kind rt_program_kind(const char *path, char ret_path[PATH_MAX]);

/* Why the shim does not see what a program of that kind writes, as part of a sentence ("is statically linked"); NULL = it does. */
const char *rt_program_obstacle(enum rt_program_kind kind);
/* Does the loader complain on standard error, or the program refuse, when LD_PRELOAD names the shim? */
static inline int rt_program_minds(enum rt_program_kind kind)
{
    return kind == RT_PROGRAM_FOREIGN;
}

#endif
