#include "files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "glob.h"

#define PATH_BYTES  32768u /* of all paths together */
#define LONGEST     4096u  /* a path, with its NUL */
#define GLOBS_BYTES 512    /* as long as the option may be */

bool rt_files_asked;
static char globs[GLOBS_BYTES]; /* a program may write over its environment */

static struct file {
    uint32_t len_mt; /* 0 = being filled; set last */
    uint32_t number;
    const char *path;
} files[RT_FILES];
static uint32_t n_files_mt, paths_used_mt;
static char paths[PATH_BYTES];

void rt_files_start(const char *list)
{
    size_t n = list ? rt_strlen(list) : 0;
    rt_files_asked = n > 0 && n < sizeof globs;
    if (rt_files_asked)
        memcpy(globs, list, n + 1);
}

/* ---------------------------------------------------------------- paths */
/* Takes "//", "." and ".." out, by the letter: what links make of it is not asked. Return: its new length. */
static size_t straighten(char *path)
{
    char *to = path;
    for (const char *s = path; *s;) {
        const char *end = s + 1;
        while (*end && *end != '/')
            end++;
        size_t n = (size_t)(end - s); /* "/part" */
        if (n == 3 && s[1] == '.' && s[2] == '.') {
            while (to > path && *--to != '/')
                ;
        } else if (n > 1 && !(n == 2 && s[1] == '.')) {
            for (size_t i = 0; i < n; i++)
                *to++ = s[i];
        }
        s = end;
    }
    *to = 0;
    return (size_t)(to - path);
}

/* "/proc/self/fd/N" */
static void name_of_fd(char *to, int fd)
{
    static const char place[] = "/proc/self/fd/";
    char digits[12];
    size_t n = 0;
    memcpy(to, place, sizeof place - 1);
    to += sizeof place - 1;
    do {
        digits[n++] = (char)('0' + fd % 10);
    } while (fd /= 10);
    while (n)
        *to++ = digits[--n];
    *to = 0;
}

/* The path behind @fd. Return: its length, 0 = unknown. */
static size_t path_of_fd(int fd, char *to, size_t size)
{
    char name[32];
    name_of_fd(name, fd);
    long n = rt_syscall(SYS_readlinkat, AT_FDCWD, name, to, size - 1);
    if (n <= 0 || (size_t)n >= size - 1 || *to != '/')
        return 0;
    to[n] = 0;
    return (size_t)n;
}

/* The absolute path in @to, of LONGEST bytes twice. Return: its length, 0 = it has none. */
static size_t complete(char *to, int dir, const char *path)
{
    size_t n = rt_strlen(path), at = 0;
    if (*path != '/') {
        if (dir == AT_FDCWD) {
            long got = rt_syscall(SYS_getcwd, to, LONGEST);
            at = got > 1 && *to == '/' ? (size_t)got - 1 : 0;
        } else {
            at = dir >= 0 ? path_of_fd(dir, to, LONGEST) : 0;
        }
        if (!at)
            return 0;
        to[at++] = '/';
    }
    if (!n || n >= LONGEST)
        return 0;
    memcpy(to + at, path, n + 1);
    n = straighten(to);
    return n < LONGEST ? n : 0;
}

/* ---------------------------------------------------------------- numbers */
static bool is_path(const struct file *f, const char *path, size_t len)
{
    if (rt_load_acquire(&f->len_mt) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (f->path[i] != path[i])
            return false;
    return true;
}

/* Return: 1 + place in files, 0 = there are too many. */
static uint32_t place_of(const struct rt_writer *w, const char *path, size_t len)
{
    uint32_t n = rt_load_relaxed(&n_files_mt);
    for (uint32_t i = 0; i < n && i < RT_FILES; i++)
        if (is_path(&files[i], path, len))
            return i + 1;
    if (n >= RT_FILES || rt_load_relaxed(&paths_used_mt) + len > PATH_BYTES)
        return 0;
    uint32_t at = rt_add_relaxed(&paths_used_mt, (uint32_t)len), i = rt_add_relaxed(&n_files_mt, 1);
    if (i >= RT_FILES || at + len > PATH_BYTES)
        return 0;
    memcpy(paths + at, path, len);
    files[i].path = paths + at;
    files[i].number = rt_add_relaxed(&w->segment->names_mt, 1) + 1;
    rt_store_release(&files[i].len_mt, (uint32_t)len);
    return i + 1;
}

/* Room for a path, more than a stack has for certain: a scratch area, or, when other processes have them all, memory from the kernel. */
static char *room_take(const struct rt_writer *w, struct rt_writer_thread *t)
{
    char *room = rt_scratch_take(w, t);
    if (room)
        return room;
    long p = rt_syscall(SYS_mmap, 0, 2 * LONGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return (unsigned long)p > -4096ul ? NULL : (char *)(uintptr_t)p;
}
static void room_give(const struct rt_writer *w, char *room)
{
    if ((uintptr_t)room - (uintptr_t)w->segment < RT_SEGMENT_BYTES)
        rt_scratch_give(w, room);
    else
        rt_syscall(SYS_munmap, room, 2 * LONGEST);
}

static bool is_regular(int fd)
{
    struct stat st;
    return rt_syscall(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool note(int fd, uint32_t place)
{
    if (place)
        rt_store_relaxed(&rt_fd_numbers[fd], (uint16_t)place);
    return place != 0;
}

RT_COLD void rt_file_opened(int fd, int dir, const char *path)
{
    const struct rt_writer *w = rt_capture();
    if (!w || fd >= RT_FDS || rt_fd_is_tapped(rt_fd_class(fd)) || !rt_may_call() || !is_regular(fd))
        return;
    char *room = room_take(w, &rt_thread.writer);
    if (!room)
        return;
    size_t len = complete(room, dir, path);
    if (len && rt_globs_match(globs, room) && note(fd, place_of(w, room, len)))
        rt_fd_became(fd, RT_FD_FILE);
    room_give(w, room);
}

bool rt_file_adopt(int fd)
{
    char *path = NULL;
    bool known = false;
    const struct rt_writer *w = &rt_shim.writer;
    struct rt_writer_thread nobody = {.tid = 0};
    if (rt_files_asked && (path = room_take(w, &nobody))) {
        size_t len = path_of_fd(fd, path, LONGEST);
        known = len && note(fd, place_of(w, path, len));
        room_give(w, path);
    }
    return known;
}

RT_COLD uint32_t rt_origin_slow(enum rt_fd_class c, int fd)
{
    uint32_t place = rt_load_relaxed(&rt_fd_numbers[fd]);
    if (c != RT_FD_FILE)
        return place;
    if (!place || !rt_capture())
        return 0;
    const struct file *f = &files[--place];
    uint64_t *told = &rt_thread.told_files[place / 64], bit = 1ull << place % 64;
    if (rt_likely(*told & bit))
        return f->number;
    struct rt_named named = {f->number, f->len_mt};
    if (rt_record_named(RT_RECORD_FILE, &named, sizeof named, f->path, f->len_mt))
        *told |= bit;
    return f->number;
}
