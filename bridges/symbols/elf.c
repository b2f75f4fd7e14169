#include "symbols/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* libelf allocates for as many sections as the header says. More than 65535 are said in the first section; only object files have that
 * many. */
static int check_header(int fd)
{
    union {
        unsigned char ident[EI_NIDENT];
        Elf32_Ehdr e32;
        Elf64_Ehdr e64;
    } h = {{0}};
    if (pread(fd, &h, sizeof h, 0) < (ssize_t)sizeof h.e32 || memcmp(h.ident, ELFMAG, SELFMAG))
        return -ENOEXEC;
    if (h.ident[EI_CLASS] == ELFCLASS64)
        return h.e64.e_shoff && !h.e64.e_shnum ? -ENOEXEC : 0;
    return h.e32.e_shoff && !h.e32.e_shnum ? -ENOEXEC : 0;
}

int rt_elf_regular(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return -errno;
    int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : (errno = ENOEXEC, -1);
    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOEXEC; /* exchanged meanwhile */
    return r < 0 ? (rt_fd_close(fd), r) : fd;
}

int rt_elf_open(struct rt_elf *e, const char *path)
{
    *e = (struct rt_elf){NULL, rt_elf_regular(path)};
    if (e->fd < 0)
        return e->fd;
    int r = check_header(e->fd);
    if (r == 0 && (elf_version(EV_CURRENT) == EV_NONE || !(e->elf = elf_begin(e->fd, ELF_C_READ, NULL)) || elf_kind(e->elf) != ELF_K_ELF))
        r = -ENOEXEC;
    if (r < 0)
        rt_elf_close(e);
    return r;
}

void rt_elf_close(struct rt_elf *e)
{
    if (e->elf)
        elf_end(e->elf);
    e->elf = NULL;
    e->fd = rt_fd_close(e->fd);
}

Elf_Data *rt_elf_content(Elf_Scn *scn)
{
    GElf_Shdr h;
    if (!scn || !gelf_getshdr(scn, &h) || h.sh_type == SHT_NOBITS || !h.sh_size || h.sh_size > RT_ELF_SECTION_MAX)
        return NULL;
    Elf_Data *d = elf_getdata(scn, NULL);
    return d && d->d_buf && d->d_size ? d : NULL;
}

Elf_Scn *rt_elf_next(const struct rt_elf *e, Elf_Scn *scn, uint32_t type)
{
    GElf_Shdr h;
    while ((scn = elf_nextscn(e->elf, scn)))
        if (gelf_getshdr(scn, &h) && h.sh_type == type)
            return scn;
    return NULL;
}

Elf_Scn *rt_elf_named(const struct rt_elf *e, const char *name)
{
    size_t strings, want = strlen(name) + 1;
    GElf_Shdr h;
    if (elf_getshdrstrndx(e->elf, &strings) < 0)
        return NULL;
    const Elf_Data *d = rt_elf_content(elf_getscn(e->elf, strings));
    for (Elf_Scn *scn = NULL; d && (scn = elf_nextscn(e->elf, scn)); )
        if (gelf_getshdr(scn, &h) && h.sh_name < d->d_size && d->d_size - h.sh_name >= want &&
            !memcmp((const char *)d->d_buf + h.sh_name, name, want))
            return scn;
    return NULL;
}

static size_t build_id_in(Elf_Data *d, uint8_t *ret_id)
{
    static const char gnu[] = "GNU";
    GElf_Nhdr n;
    size_t name, desc;
    for (size_t at = 0, next; (next = gelf_getnote(d, at, &n, &name, &desc)) > 0; at = next)
        if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof gnu && !memcmp((const char *)d->d_buf + name, gnu, sizeof gnu) &&
            n.n_descsz && n.n_descsz <= RT_BUILD_ID_MAX) {
            memcpy(ret_id, (const char *)d->d_buf + desc, n.n_descsz);
            return n.n_descsz;
        }
    return 0;
}

size_t rt_elf_build_id(const struct rt_elf *e, uint8_t ret_id[RT_BUILD_ID_MAX])
{
    size_t n = 0;
    for (Elf_Scn *scn = NULL; !n && (scn = rt_elf_next(e, scn, SHT_NOTE)); ) {
        Elf_Data *d = rt_elf_content(scn);
        if (d)
            n = build_id_in(d, ret_id);
    }
    return n;
}
