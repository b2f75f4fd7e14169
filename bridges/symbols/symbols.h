/* Names of functions for addresses in files: what the collector knows of a call is the file, its build id and the address in it.
 *
 *   module (path + build id) → a file with that build id → its functions (table.h) → name
 *
 * The file is the module's own; when that was stripped of .symtab, the one with the same build id under /usr/lib/debug/.build-id, then the
 * one that .gnu_debuglink names; else its .dynsym has to do. A file with another build id never speaks: it may have been replaced since the
 * process started. So a module without a build id has no names.
 *
 * Files are read at a module's first lookup and then closed. All names stay until rt_symbols_free(). Nothing here fails: what is
 * missing, too large or broken has no names. Memory is bounded by the limits below and, while a file is read, by RT_ELF_SECTION_MAX.
 * Threads: one at a time. Signals: not safe. Blocks: on the file system. */
#ifndef RT_SYMBOLS_SYMBOLS_H
#define RT_SYMBOLS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define RT_SYMBOLS_MODULES_MAX 4096u      /* modules; further ones have no names */
#define RT_SYMBOLS_BYTES_MAX   (64u << 20) /* bytes of all names and addresses; files that would go beyond have none */

struct rt_symbols;
struct rt_symbols_module;

/* Return: NULL without memory. */
struct rt_symbols *rt_symbols_new(void);
/* Accepts NULL. Return: NULL. */
struct rt_symbols *rt_symbols_free(struct rt_symbols *s);
/* Separate debug files are below @dir (borrowed) instead of /usr/lib/debug. */
void rt_symbols_debug_dir(struct rt_symbols *s, const char *dir);

/* The module that was loaded from @path and has that build id; the same for the same question. Never NULL. Copies. */
struct rt_symbols_module *rt_symbols_module(struct rt_symbols *s, const char *path, const uint8_t *build_id, size_t id_len);

/* The function that covers @vaddr, an address as the file counts them (in memory: minus the module's base). A return address belongs to the
 * call before it, and that may be the last of its function: ask for one byte less. Return: the name, borrowed until
 * rt_symbols_free(), in valid UTF-8 without control characters; NULL = unknown. */
const char *rt_symbols_function(struct rt_symbols_module *m, uint64_t vaddr);

#endif
