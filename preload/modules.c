/* What code the process has mapped: one MODULE record a module, so that addresses of call sites mean something after the process is gone.
 *
 * At the start all libraries of the program are mapped already. What is loaded later is noted by the hooks of dlopen and dlmopen, which leave
 * by a jump (the loader looks at who called); the loader's list is read with the next record. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>

#include "real.h"
#include "shim.h"

#define MODULES  512u /* told; call sites in what is loaded beyond that have no module */
#define LOOKS    10000u /* while a load is going on; each costs 0.1 us as long as nothing came */
#define PATH_MOST 4096u
#define ID_MOST  64u
#define NOTE(n) (((n) + 3u) & ~3u)

static uint64_t told[MODULES]; /* where its code is, mixed with what it is: an address may be used again */
static uint32_t n_told_mt;
static unsigned long long adds_seen;

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
static RT_COLD size_t own_path(char *to, size_t size)
{
    const char *path = executed();
    size_t len = path ? rt_strlen(path) : 0;
    if (len && len < size) {
        rt_append(to, path, len);
        return len;
    }
    if (rt_load_relaxed(&rt_shim.writer.segment->no_syscall_mt))
        return 0;
    long n = rt_syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", to, size, 0, 0);
    return n > 0 ? (size_t)n : 0;
}

static void tell(const struct rt_module *m, const uint8_t *id, const char *path)
{
    struct { struct rt_module m; uint8_t id[ID_MOST]; } head = {.m = *m};
    char own[256];
    for (uint32_t i = 0; i < m->id_len; i++)
        head.id[i] = id[i];
    if (!*path) {
        path = own;
        head.m.path_len = (uint32_t)own_path(own, sizeof own);
    }
    rt_record_named(RT_RECORD_MODULE, &head, sizeof head.m + m->id_len, path, head.m.path_len);
}

static uint64_t mix(const struct rt_module *m, const uint8_t *id)
{
    uint64_t what = m->start;
    for (uint32_t i = 0; i < m->id_len; i++)
        what = (what ^ id[i]) * 0x100000001b3u; /* FNV-1a */
    return what;
}

/* Return: 1 = no need to look at the others. */
static int look(struct dl_phdr_info *info, size_t size, void *arg)
{
    bool *first = arg, is_program = *first;
    struct rt_module m = {.base = info->dlpi_addr, .start = UINT64_MAX};
    const char *path = is_program || !info->dlpi_name ? "" : info->dlpi_name;
    const uint8_t *id = NULL;
    *first = false;
    if (is_program && size >= offsetof(struct dl_phdr_info, dlpi_subs)) {
        if (adds_seen == info->dlpi_adds)
            return 1;
        adds_seen = info->dlpi_adds;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        uint64_t at = info->dlpi_addr + ph->p_vaddr;
        if (ph->p_type == PT_LOAD && ph->p_flags & PF_X) {
            m.start = at < m.start ? at : m.start;
            m.end = at + ph->p_memsz > m.end ? at + ph->p_memsz : m.end;
        } else if (ph->p_type == PT_NOTE && !id) {
            id = build_id((const uint8_t *)(uintptr_t)at, ph->p_memsz, &m.id_len);
        }
    }
    m.path_len = (uint32_t)rt_strlen(path);
    uint64_t what = mix(&m, id);
    if (m.start >= m.end || (!is_program && *path != '/') || m.path_len > PATH_MOST || is_told(what))
        return 0; /* the kernel's own page has no path */
    uint32_t n = rt_add_acq_rel(&n_told_mt, 1);
    if (n >= MODULES)
        return 1;
    told[n] = what;
    tell(&m, id, path);
    return 0;
}

static void look_at_all(void)
{
    bool first = true;
    if (RT_REAL(dl_iterate_phdr)) /* not by name: a sanitizer in the program has one of its own, which is not ready yet */
        rt_real.dl_iterate_phdr(look, &first);
}

void rt_modules_start(void)
{
    look_at_all();
}

RT_COLD void rt_modules_look(void)
{
    unsigned long long seen = adds_seen;
    uint32_t left = rt_load_relaxed(&rt_shim.modules_stale_mt);
    if (!left || !rt_cas_seq_cst(&rt_shim.modules_stale_mt, &left, 0)) /* zero meanwhile: telling comes here again */
        return;
    look_at_all();
    if (seen == adds_seen)
        rt_store_relaxed(&rt_shim.modules_stale_mt, left - 1);
}

__attribute__((used)) void rt_modules_stale(void);
__attribute__((used)) void rt_modules_stale(void)
{
    (void)RT_REAL(dlopen); /* before glibc 2.34 they are in a library of their own */
    (void)RT_REAL(dlmopen);
    if (rt_shim.identity)
        rt_store_relaxed(&rt_shim.modules_stale_mt, LOOKS);
}

#if defined(__x86_64__)
/* No frame of ours may stand between the caller and the loader. */
#define LOADS(name) \
    void rt_hook_##name(void) __asm__(#name); \
    RT_API __attribute__((naked)) void rt_hook_##name(void) \
    { \
        __asm__("push %%rdi\n push %%rsi\n push %%rdx\n call rt_modules_stale\n pop %%rdx\n pop %%rsi\n pop %%rdi\n" \
                "mov rt_real+%c0(%%rip), %%rax\n test %%rax, %%rax\n je 1f\n jmp *%%rax\n 1: ret" : : "i"(offsetof(struct rt_real, name))); \
    }
LOADS(dlopen)
LOADS(dlmopen)
#endif
