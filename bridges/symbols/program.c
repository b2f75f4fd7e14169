#include "symbols/program.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "symbols/elf.h"

#define SCRIPT_DEPTH 5    /* as the kernel follows */
#define SCRIPT_LINE  256  /* … and reads of #! */
#define DYNAMIC_MAX  4096u /* entries looked at */
#define SEGMENTS_MAX 256u

static const char *const obstacles[RT_PROGRAM_KINDS] = {
    [RT_PROGRAM_LOADER] = "has a loader of its own",
    [RT_PROGRAM_STATIC] = "is statically linked",
    [RT_PROGRAM_GO] = "is a Go program, statically linked",
    [RT_PROGRAM_GO_LINKED] = "is a Go program, which writes by system calls of its own",
    [RT_PROGRAM_FOREIGN] = "is for another machine or word size",
    [RT_PROGRAM_SECURE] = "runs with other rights (setuid, setgid or capabilities)",
    [RT_PROGRAM_ASAN] = "decides itself about AddressSanitizer, which then refuses preloaded libraries",
};

const char *rt_program_obstacle(enum rt_program_kind kind)
{
    return kind < RT_PROGRAM_KINDS ? obstacles[kind] : NULL;
}

/* ---------------------------------------------------------------- scripts */
/* The interpreter that the first line of @path names. Return: false = it names none. */
static bool interpreter_of(const char *path, char ret[SCRIPT_LINE + 1])
{
    char line[SCRIPT_LINE + 1];
    int fd = rt_elf_regular(path);
    ssize_t n = fd < 0 ? -1 : pread(fd, line, SCRIPT_LINE, 0);
    rt_fd_close(fd);
    line[n > 0 ? n : 0] = 0;
    if (strncmp(line, "#!", 2))
        return false;
    const char *start = line + 2 + strspn(line + 2, " \t");
    snprintf(ret, SCRIPT_LINE + 1, "%.*s", (int)strcspn(start, " \t\n"), start);
    return *ret;
}

/* ---------------------------------------------------------------- rights */
/* Would the kernel give rights that we lack (AT_SECURE)? */
static bool is_secure(const char *path)
{
    struct stat st;
    struct statvfs fs;
    if (stat(path, &st) < 0 || statvfs(path, &fs) < 0 || fs.f_flag & ST_NOSUID || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return false;
    return (st.st_mode & S_ISUID && st.st_uid != getuid()) ||
           ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != getgid()) ||
           (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}

/* ---------------------------------------------------------------- ELF */
static bool is_of_our_machine(const struct rt_elf *e)
{
    static const int one = 1;
    static uint16_t machine;
    GElf_Ehdr h, own;
    struct rt_elf self;
    if (!machine && rt_elf_open(&self, "/proc/self/exe") == 0) {
        machine = gelf_getehdr(self.elf, &own) ? own.e_machine : EM_NONE;
        rt_elf_close(&self);
    }
    int data = *(const char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
    int class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    return gelf_getehdr(e->elf, &h) && h.e_ident[EI_CLASS] == class && h.e_ident[EI_DATA] == data && (!machine || h.e_machine == machine);
}

static bool segment(const struct rt_elf *e, uint32_t type, GElf_Phdr *ret)
{
    size_t n = 0;
    elf_getphdrnum(e->elf, &n);
    for (size_t i = 0; i < n && i < SEGMENTS_MAX; i++)
        if (gelf_getphdr(e->elf, (int)i, ret) && ret->p_type == type)
            return true;
    return false;
}

/* Text at @offset of the file, cut to @size. */
static bool text_at(const struct rt_elf *e, uint64_t offset, char *ret, size_t size)
{
    ssize_t n = offset <= INT64_MAX ? pread(e->fd, ret, size - 1, (off_t)offset) : -1;
    ret[n > 0 ? n : 0] = 0;
    return *ret;
}

static bool loader_of(const struct rt_elf *e, char *ret, size_t size)
{
    GElf_Phdr p;
    return segment(e, PT_INTERP, &p) && text_at(e, p.p_offset, ret, size);
}

/* Where the loaded address @vaddr is in the file. */
static uint64_t offset_of(const struct rt_elf *e, uint64_t vaddr)
{
    size_t n = 0;
    GElf_Phdr p;
    elf_getphdrnum(e->elf, &n);
    for (size_t i = 0; i < n && i < SEGMENTS_MAX; i++)
        if (gelf_getphdr(e->elf, (int)i, &p) && p.p_type == PT_LOAD && vaddr - p.p_vaddr < p.p_filesz)
            return p.p_offset + (vaddr - p.p_vaddr);
    return UINT64_MAX;
}

/* Does the dynamic section have a text of @tag (DT_NEEDED, DT_SONAME) that contains @part? */
static bool names(const struct rt_elf *e, int64_t tag, const char *part)
{
    GElf_Phdr p;
    GElf_Dyn d;
    char text[256];
    Elf_Data *all = segment(e, PT_DYNAMIC, &p) && p.p_filesz <= DYNAMIC_MAX * sizeof(Elf64_Dyn)
                        ? elf_getdata_rawchunk(e->elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_DYN) : NULL;
    uint64_t strings = UINT64_MAX;
    for (int i = 0; all && gelf_getdyn(all, i, &d) && d.d_tag != DT_NULL; i++)
        if (d.d_tag == DT_STRTAB)
            strings = offset_of(e, d.d_un.d_ptr);
    for (int i = 0; all && strings != UINT64_MAX && gelf_getdyn(all, i, &d) && d.d_tag != DT_NULL; i++)
        if (d.d_tag == tag && text_at(e, strings + d.d_un.d_val, text, sizeof text) && strstr(text, part))
            return true;
    return false;
}

/* Does the program export a function that AddressSanitizer asks for its defaults? Then ours (preload/sanitizer.c) is not asked. */
static bool speaks_for_asan(const struct rt_elf *e)
{
    static const char name[] = "__asan_default_options";
    GElf_Shdr h;
    GElf_Sym s;
    Elf_Scn *scn = rt_elf_next(e, NULL, SHT_DYNSYM);
    Elf_Data *symbols = rt_elf_content(scn);
    const Elf_Data *strings = scn && gelf_getshdr(scn, &h) ? rt_elf_content(elf_getscn(e->elf, h.sh_link)) : NULL;
    for (int i = 1; symbols && strings && gelf_getsym(symbols, i, &s); i++)
        if (s.st_shndx != SHN_UNDEF && s.st_name < strings->d_size && strings->d_size - s.st_name >= sizeof name &&
            !memcmp((const char *)strings->d_buf + s.st_name, name, sizeof name))
            return true;
    return false;
}

static enum rt_program_kind kind_of(const struct rt_elf *e)
{
    char loader[256];
    if (!is_of_our_machine(e))
        return RT_PROGRAM_FOREIGN;
    bool go = rt_elf_named(e, ".note.go.buildid") || rt_elf_named(e, ".go.buildinfo");
    if (!loader_of(e, loader, sizeof loader)) {
        if (names(e, DT_SONAME, "ld-linux") || names(e, DT_SONAME, "ld-musl"))
            return RT_PROGRAM_GLIBC; /* a loader itself: it will load what its arguments say */
        return go ? RT_PROGRAM_GO : RT_PROGRAM_STATIC;
    }
    if (strstr(loader, "ld-musl"))
        return RT_PROGRAM_MUSL;
    if (!strstr(loader, "/ld-linux") && !strstr(loader, "/ld64.so") && !strstr(loader, "/ld.so"))
        return RT_PROGRAM_LOADER;
    if (go)
        return RT_PROGRAM_GO_LINKED;
    bool asan = names(e, DT_NEEDED, "libasan.so") || names(e, DT_NEEDED, "libclang_rt.asan");
    return asan && speaks_for_asan(e) ? RT_PROGRAM_ASAN : RT_PROGRAM_GLIBC;
}

enum rt_program_kind rt_program_kind(const char *path, char ret_path[PATH_MAX])
{
    char found[PATH_MAX], next[SCRIPT_LINE + 1];
    struct rt_elf e;
    snprintf(found, sizeof found, "%s", path);
    for (int i = 0; i < SCRIPT_DEPTH && interpreter_of(found, next); i++)
        snprintf(found, sizeof found, "%s", next);
    if (ret_path)
        memcpy(ret_path, found, sizeof found);
    if (is_secure(found))
        return RT_PROGRAM_SECURE;
    if (rt_elf_open(&e, found) < 0)
        return RT_PROGRAM_UNKNOWN;
    enum rt_program_kind kind = kind_of(&e);
    rt_elf_close(&e);
    return kind;
}
