/* One clock read a record, from the kernel's vDSO found in the auxiliary vector: libc's clock_gettime may be another preload's. */
#include <elf.h>
#include <time.h>

#include "shim.h"

struct vdso {
    const uint8_t *base; /* address that the file's virtual address 0 has */
    const Elf64_Sym *symbols;
    const char *strings;
    const uint32_t *hash, *gnu_hash;
};

static bool vdso_open(const Elf64_Ehdr *e, struct vdso *v)
{
    const Elf64_Phdr *ph = (const void *)((const uint8_t *)e + e->e_phoff);
    const Elf64_Dyn *dyn = NULL;
    bool loaded = false;
    for (unsigned i = 0; i < e->e_phnum; i++) {
        if (ph[i].p_type == PT_LOAD && !loaded) {
            v->base = (const uint8_t *)e + ph[i].p_offset - ph[i].p_vaddr;
            loaded = true;
        } else if (ph[i].p_type == PT_DYNAMIC) {
            dyn = (const void *)((const uint8_t *)e + ph[i].p_offset);
        }
    }
    if (!loaded || !dyn)
        return false;
    for (; dyn->d_tag != DT_NULL; dyn++) {
        const void *p = v->base + dyn->d_un.d_ptr;
        if (dyn->d_tag == DT_SYMTAB)
            v->symbols = p;
        else if (dyn->d_tag == DT_STRTAB)
            v->strings = p;
        else if (dyn->d_tag == DT_HASH)
            v->hash = p;
        else if (dyn->d_tag == DT_GNU_HASH)
            v->gnu_hash = p;
    }
    return v->symbols && v->strings && (v->hash || v->gnu_hash);
}

/* How many symbols there are: told by DT_HASH, or by the end of the last chain of DT_GNU_HASH. */
static uint32_t vdso_count(const struct vdso *v)
{
    if (v->hash)
        return v->hash[1];
    uint32_t buckets = v->gnu_hash[0], first = v->gnu_hash[1], bloom = v->gnu_hash[2], last = 0;
    const uint32_t *bucket = v->gnu_hash + 4 + bloom * 2, *chain = bucket + buckets;
    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return 0;
    while (!(chain[last - first] & 1))
        last++;
    return last + 1;
}

void rt_clock_start(const void *image)
{
    static const char name[] =
#if defined(__aarch64__)
        "__kernel_clock_gettime";
#else
        "__vdso_clock_gettime";
#endif
    struct vdso v = {0};
    if (!image || !vdso_open(image, &v))
        return;
    for (uint32_t i = 0, n = vdso_count(&v); i < n; i++) {
        const char *s = v.strings + v.symbols[i].st_name;
        if (v.symbols[i].st_shndx && rt_starts(s, name) && !s[sizeof name - 1]) {
            rt_shim.vdso_clock = (int (*)(int, void *))(uintptr_t)(v.base + v.symbols[i].st_value);
            return;
        }
    }
}

RT_COLD uint64_t rt_now_slow(uint32_t *flags)
{
    struct timespec ts = {0, 0};
    int id = (int)rt_load_relaxed(&rt_shim.clock_mt);
    if (id == CLOCK_MONOTONIC_COARSE)
        *flags |= RT_FLAG_COARSE;
    if (rt_shim.vdso_clock)
        rt_shim.vdso_clock(id, &ts);
    else if (!rt_shim.writer.segment || !rt_load_relaxed(&rt_shim.writer.segment->no_syscall_mt)) /* no segment: the claim itself asks */
        rt_syscall(SYS_clock_gettime, id, &ts, 0, 0, 0, 0);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void rt_forbid_syscalls(void)
{
    rt_store_relaxed(&rt_shim.ticks_mt, 0); /* the instruction may fault now */
    rt_store_relaxed(&rt_shim.clock_mt, CLOCK_MONOTONIC_COARSE);
    if (rt_shim.identity)
        rt_store_relaxed(&rt_shim.writer.segment->no_syscall_mt, 1);
}
