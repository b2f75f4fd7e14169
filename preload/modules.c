/* What code the process has mapped: one MODULE record a module, so that addresses of call sites mean something after the process is gone.
 *
 * At the start all libraries of the program are mapped already. Of what is loaded later a module is told before the first record of a call
 * that was made from it. The loader's list is under a lock that others may hold while they wait for one that the caller has (a FILE's, its
 * own), so it is not asked for the list again, but for the address, which takes no lock and may be done in a signal handler: the module can't
 * go away, a call is made from it. The hooks of dlopen and dlmopen only note that there is more; they leave by a jump (the loader looks at
 * who called). */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>

#include "real.h"
#include "shim.h"

#define MODULES  512u /* told; call sites in what is loaded beyond that have no module */
#define PATH_MOST 4096u
#define ID_MOST  64u
#define PAGE     4096u
#define NOTE(n) (((n) + 3u) & ~3u)

static uint64_t told[MODULES]; /* where its code is, mixed with what it is: an address may be used again */
static uint32_t n_told_mt;

static bool is_told(uint64_t what)
{
    uint32_t n = rt_load_acquire(&n_told_mt);
    for (uint32_t i = 0; i < n && i < MODULES; i++)
        if (told[i] == what)
            return true;
    return n >= MODULES;
}

static const uint8_t *build_id(const uint8_t *p, size_t n, uint32_t *ret_len)
{
    while (n > sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *h = (const void *)p;
        size_t name = sizeof *h, desc = name + NOTE(h->n_namesz), next = desc + NOTE(h->n_descsz);
        if (next > n)
            return NULL;
        if (h->n_type == NT_GNU_BUILD_ID && h->n_namesz == 4 && p[name] == 'G' && p[name + 1] == 'N' && h->n_descsz <= ID_MOST) {
            *ret_len = h->n_descsz;
            return p + desc;
        }
        p += next;
        n -= next;
    }
    return NULL;
}

/* The program itself; of a script that is the interpreter, which the kernel then put into argv[0], and the script behind. Asking the kernel costs
 * 12 us in a young process; it is left to paths that tell nothing by themselves. */
static const char *executed(void)
{
    const char *path = rt_shim.exe, *end = rt_shim.argv + rt_shim.argv_len;
    for (const char *arg = rt_shim.argv; path && arg && arg < end; arg += rt_strlen(arg) + 1)
        if (arg != rt_shim.argv && rt_starts(arg, path) && !arg[rt_strlen(path)])
            path = rt_shim.argv;
    return path && path[0] == '/' && !rt_starts(path, "/dev/fd/") && !rt_starts(path, "/proc/") ? path : NULL;
}
static RT_COLD const char *own_path(char *to, size_t size)
{
    const char *path = executed();
    if (path && rt_strlen(path) < size)
        return path;
    long n = rt_may_call() ? rt_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", to, size - 1, 0, 0) : 0;
    to[n > 0 ? n : 0] = 0;
    return to;
}

static bool tell(const struct rt_module *m, const uint8_t *id, const char *path)
{
    struct { struct rt_module m; uint8_t id[ID_MOST]; } head = {.m = *m};
    for (uint32_t i = 0; i < m->id_len; i++)
        head.id[i] = id[i];
    return rt_record_named(RT_RECORD_MODULE, &head, sizeof head.m + m->id_len, path, m->path_len);
}

static uint64_t mix(const struct rt_module *m, const uint8_t *id)
{
    uint64_t what = m->start;
    for (uint32_t i = 0; i < m->id_len; i++)
        what = (what ^ id[i]) * 0x100000001b3u; /* FNV-1a */
    return what;
}

/* Of the headers of an object at @base. Return: its code, start UINT64_MAX = none. */
static struct rt_module measure(uint64_t base, const ElfW(Phdr) *ph, unsigned n, const uint8_t **ret_id)
{
    struct rt_module m = {.base = base, .start = UINT64_MAX};
    *ret_id = NULL;
    for (; n > 0; n--, ph++) {
        uint64_t at = base + ph->p_vaddr;
        if (ph->p_type == PT_LOAD && ph->p_flags & PF_X) {
            m.start = at < m.start ? at : m.start;
            m.end = at + ph->p_memsz > m.end ? at + ph->p_memsz : m.end;
        } else if (ph->p_type == PT_NOTE && !*ret_id) {
            *ret_id = build_id((const uint8_t *)(uintptr_t)at, ph->p_memsz, &m.id_len);
        }
    }
    return m;
}

/* Return: all is said. */
static bool tell_once(struct rt_module *m, const uint8_t *id, const char *path)
{
    m->path_len = (uint32_t)rt_strlen(path);
    uint64_t what = mix(m, id);
    if (m->start >= m->end || m->path_len > PATH_MOST || is_told(what))
        return true;
    if (!tell(m, id, path))
        return false; /* no room: the next call tries again */
    uint32_t n = rt_add_acq_rel(&n_told_mt, 1);
    if (n < MODULES)
        rt_store_relaxed(&told[n], what);
    return true;
}

static bool has_slash(const char *s)
{
    while (*s && *s != '/')
        s++;
    return *s;
}

/* ---------------------------------------------------------------- at the start */
static int look(struct dl_phdr_info *info, size_t size, void *arg)
{
    bool *first = arg;
    char own[256];
    const char *path = *first ? own_path(own, sizeof own) : info->dlpi_name;
    const uint8_t *id;
    struct rt_module m = measure(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, &id);
    if (*first || (path && has_slash(path))) /* the kernel's own page has no path */
        tell_once(&m, id, path);
    *first = false;
    return 0;
}

void rt_modules_start(void)
{
    bool first = true;
    if (RT_REAL(dl_iterate_phdr)) /* not by name: a sanitizer in the program has one of its own, which is not ready yet */
        rt_real.dl_iterate_phdr(look, &first);
}

/* ---------------------------------------------------------------- later */
extern int _dl_find_object(void *at, struct dl_find_object *ret) __attribute__((weak)); /* glibc 2.35 */

/* The program headers, where the first page of the object at @start has them. */
static const ElfW(Phdr) *headers(const uint8_t *start, const uint8_t *end, unsigned *ret_n)
{
    const ElfW(Ehdr) *h = (const void *)start;
    *ret_n = 0;
    if ((size_t)(end - start) < PAGE || h->e_ident[0] != 0x7f || h->e_ident[1] != 'E' || h->e_ident[2] != 'L' || h->e_ident[3] != 'F' ||
        h->e_phentsize != sizeof(ElfW(Phdr)) || h->e_phoff > PAGE || h->e_phnum > (PAGE - h->e_phoff) / sizeof(ElfW(Phdr)))
        return NULL;
    *ret_n = h->e_phnum;
    return (const void *)(start + h->e_phoff);
}

/* Return: all is said. */
static bool tell_object(const struct dl_find_object *o)
{
    const struct link_map *object = o->dlfo_link_map;
    const char *path = object && object->l_name ? object->l_name : "";
    const uint8_t *id;
    unsigned n;
    const ElfW(Phdr) *ph = has_slash(path) ? headers(o->dlfo_map_start, o->dlfo_map_end, &n) : NULL;
    if (!ph)
        return true;
    struct rt_module m = measure(object->l_addr, ph, n, &id);
    return tell_once(&m, id, path);
}

RT_COLD void rt_module_find(uint64_t site, uint32_t loads)
{
    struct rt_known *k = &rt_self()->known;
    struct dl_find_object o;
    if (!&_dl_find_object || _dl_find_object((void *)(uintptr_t)site, &o) || !tell_object(&o))
        return;
    k->loads = 0; /* a handler that comes in between finds nothing */
    rt_signal_fence();
    k->start = (uintptr_t)o.dlfo_map_start;
    k->bytes = (uintptr_t)o.dlfo_map_end - k->start;
    rt_signal_fence();
    k->loads = loads;
}

__attribute__((used)) void rt_modules_more(void);
__attribute__((used)) void rt_modules_more(void)
{
    (void)RT_REAL(dlopen); /* before glibc 2.34 they are in a library of their own */
    (void)RT_REAL(dlmopen);
    if (rt_shim.identity)
        rt_add_relaxed(&rt_shim.loads_mt, 1);
}

#if defined(__x86_64__)
/* No frame of ours may stand between the caller and the loader. */
#define LOADS(name) \
    void rt_hook_##name(void) __asm__(#name); \
    RT_API __attribute__((naked)) void rt_hook_##name(void) \
    { \
        __asm__("push %%rdi\n push %%rsi\n push %%rdx\n call rt_modules_more\n pop %%rdx\n pop %%rsi\n pop %%rdi\n" \
                "mov rt_real+%c0(%%rip), %%rax\n test %%rax, %%rax\n je 1f\n jmp *%%rax\n 1: ret" : : "i"(offsetof(struct rt_real, name))); \
    }
LOADS(dlopen)
LOADS(dlmopen)
#endif
