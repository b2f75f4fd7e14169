#include "nextenv.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fdclass.h"
#include "forward.inc"
#include "shim.h"

#define ENTRIES_MAX 2000 /* a larger environment goes on as it is */
#define ENTRIES_FEW 256  /* … where the caller's stack may be a small one */
#define MAIN_STACK  (1u << 20) /* so near to where the kernel put the arguments it is the first thread's */
#define ENTRY_BYTES 256  /* of our path in LD_PRELOAD; a longer one is not put back */
#define KEPT_BYTES  1280 /* a run directory and a list of globs, each as long as it may be */
#define PRELOAD     "LD_PRELOAD="
#define PRELOAD_LEN (sizeof PRELOAD - 1)
#define LIBRARY     "libretap-preload"

_Static_assert((size_t)RT_FORWARD_COUNT <= RT_NEXT_VARIABLES, "struct rt_next has room for all");

static struct {
    bool named;              /* in LD_PRELOAD; else we came otherwise, and so will the next program find us */
    char entry[ENTRY_BYTES]; /* our own there, "" = none, or too long */
    const char *variable[RT_FORWARD_COUNT]; /* "NAME=value" in text; NULL = was not set */
    char text[KEPT_BYTES];
    size_t used;
} kept;

/* ---------------------------------------------------------------- lists of the loader */
static bool separates(char c)
{
    return c == ':' || c == ' ';
}

/* Our entry in a value of LD_PRELOAD; NULL = none. */
static const char *find_us(const char *list, size_t *ret_len)
{
    for (const char *s = list; *s;) {
        const char *start = s, *name = s;
        for (; *s && !separates(*s); s++)
            if (*s == '/')
                name = s + 1;
        *ret_len = (size_t)(s - start);
        if (rt_starts(name, LIBRARY))
            return start;
        while (separates(*s))
            s++;
    }
    return NULL;
}

static bool has_slash(const char *s)
{
    while (*s && *s != '/')
        s++;
    return *s;
}

/* Would the loader find our entry? One that it has to look for (no slash, $LIB) it finds. After a chroot or mount the path may be gone. */
static bool reachable(void)
{
    const char *slash = NULL;
    for (const char *s = kept.entry; *s; s++) {
        if (*s == '$')
            return true;
        slash = *s == '/' ? s : slash;
    }
    return !slash || rt_syscall(SYS_faccessat, AT_FDCWD, kept.entry, R_OK, 0, 0, 0) == 0;
}

extern const uint8_t __ehdr_start[] __attribute__((visibility("hidden"))); /* our own ELF header, put there by the linker */

/* Is @path an ELF file of another word size, byte order or machine? Its loader would complain about us. Three calls, 2 us; where the program
 * has to be looked for in PATH, or is a script, nobody asks. */
static bool is_foreign(const char *path)
{
    static const uint8_t telling[] = {4, 5, 18, 19};
    uint8_t h[20];
    bool is_elf = false, differs = false;
    if (!path || rt_is_low(path) || !has_slash(path))
        return false;
    long fd = rt_syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, 0, 0);
    if (fd < 0)
        return false;
    if (rt_syscall(SYS_pread64, fd, h, sizeof h, 0, 0, 0) == sizeof h)
        is_elf = h[0] == 0x7f && h[1] == 'E' && h[2] == 'L' && h[3] == 'F';
    rt_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    for (unsigned i = 0; i < sizeof telling && is_elf; i++)
        differs |= h[telling[i]] != __ehdr_start[telling[i]];
    return differs;
}

/* ---------------------------------------------------------------- start */
static bool is_variable(const char *e, unsigned which)
{
    return rt_starts(e, rt_forward[which].name) && e[rt_forward[which].len] == '=';
}

static bool is_set(const char *e, unsigned which)
{
    return is_variable(e, which) && e[rt_forward[which].len + 1];
}

static void keep(unsigned which, const char *value)
{
    size_t name = rt_forward[which].len, n = rt_strlen(value) + 1;
    char *to = kept.text + kept.used;
    if (n == 1 || name + 1 + n > sizeof kept.text - kept.used)
        return; /* an empty variable counts as absent */
    memcpy(to, rt_forward[which].name, name);
    to[name] = '=';
    memcpy(to + name + 1, value, n);
    kept.variable[which] = to;
    kept.used += name + 1 + n;
}

void rt_next_start(char *const *envp)
{
    for (; *envp; envp++) {
        size_t n;
        const char *us = rt_starts(*envp, PRELOAD) ? find_us(*envp + PRELOAD_LEN, &n) : NULL;
        kept.named |= us != NULL;
        if (us && n < sizeof kept.entry) {
            memcpy(kept.entry, us, n);
            kept.entry[n] = 0;
        }
        for (unsigned i = 0; i < RT_FORWARD_COUNT; i++)
            if (!rt_forward[i].fresh && is_variable(*envp, i))
                keep(i, *envp + rt_forward[i].len + 1);
    }
}
void rt_next_set_run(const char *dir)
{
    keep(RT_FORWARD_RUN_DIR, dir);
}
const char *rt_next_run(void)
{
    return kept.variable[RT_FORWARD_RUN_DIR];
}
bool rt_next_is_named(void)
{
    return kept.named;
}

/* ---------------------------------------------------------------- plan */
static void plan_preload(struct rt_next *p, const char *path)
{
    size_t n;
    const char *us = p->preload ? find_us(p->preload, &n) : NULL;
    p->covered = us || !kept.named;
    if (p->covered && !us)
        return;
    if (!rt_may_call())
        return; /* a forbidden call kills, and the next program would do nothing under a filter */
    bool is_ours = us && rt_starts(us, kept.entry) && n == rt_strlen(kept.entry);
    if ((is_ours || !us) && is_foreign(path)) {
        p->covered = false;
        p->edit = us ? RT_PRELOAD_CUT : RT_PRELOAD_STAYS;
    } else if (!us) {
        p->covered = kept.entry[0] && reachable();
        p->edit = p->covered ? RT_PRELOAD_ADD : RT_PRELOAD_STAYS;
    } else if (is_ours && !reachable()) {
        p->covered = false;
        p->edit = RT_PRELOAD_CUT;
    }
}

/* One of our variables in the environment. Return: false = the next program is not ours. */
static bool plan_variable(struct rt_next *p, const char *e)
{
    if (rt_starts(e, "RETAP=") && rt_is_off(e + 6))
        return false;
    for (unsigned i = 0; i < RT_FORWARD_COUNT; i++)
        p->has[i] |= is_set(e, i);
    const char *run = kept.variable[RT_FORWARD_RUN_DIR];
    return !is_set(e, RT_FORWARD_RUN_DIR) || (run && rt_strlen(e) == rt_strlen(run) && rt_starts(e, run));
}

static uint32_t entries_max(void)
{
    return (uintptr_t)rt_shim.argv - (uintptr_t)__builtin_frame_address(0) < MAIN_STACK ? ENTRIES_MAX : ENTRIES_FEW;
}

size_t rt_next_plan(struct rt_next *p, char *const *envp, const char *path)
{
    static char *const nothing[1];
    if (!rt_shim.identity || (envp && rt_is_low(envp)))
        return 0;
    *p = (struct rt_next){.envp = envp ? envp : nothing};
    const uint32_t most = entries_max();
    for (; p->envp[p->n]; p->n++) {
        const char *e = p->envp[p->n];
        if (rt_starts(e, PRELOAD)) {
            p->preload = e + PRELOAD_LEN;
            p->preload_at = p->n;
        } else if (rt_starts(e, "RETAP") && !plan_variable(p, e)) {
            return 0;
        }
        if (p->n == most)
            return 0;
    }
    plan_preload(p, path);
    if (!p->covered && p->edit == RT_PRELOAD_STAYS)
        return 0;
    size_t list = PRELOAD_LEN + (p->preload ? rt_strlen(p->preload) : 0) + 1 + sizeof kept.entry;
    size_t fds = sizeof rt_forward->name + 1 + RT_FDS_TEXT;
    return (p->n + 1 + RT_FORWARD_COUNT + 1) * sizeof(char *) + fds + (p->edit ? list : 0);
}

/* ---------------------------------------------------------------- make */
/* LD_PRELOAD with our entry behind, or without it; NULL = nothing is left. */
static const char *make_preload(const struct rt_next *p, char *text)
{
    const char *list = p->preload ? p->preload : "";
    char *to = rt_append(text, PRELOAD, PRELOAD_LEN);
    if (p->edit == RT_PRELOAD_ADD) {
        to = rt_append(to, list, rt_strlen(list));
        if (*list)
            to = rt_append(to, ":", 1);
        rt_append(to, kept.entry, rt_strlen(kept.entry));
        return text;
    }
    size_t n;
    const char *us = find_us(list, &n), *rest = us + n;
    to = rt_append(to, list, (size_t)(us - list));
    while (separates(*rest))
        rest++;
    to = rt_append(to, rest, rt_strlen(rest));
    return to == text + PRELOAD_LEN ? NULL : text;
}

static const char *make_fds(char *text)
{
    char *to = rt_append(text, rt_forward[RT_FORWARD_FDS].name, rt_forward[RT_FORWARD_FDS].len);
    rt_fd_compose(rt_append(to, "=", 1));
    return text;
}

char *const *rt_next_make(const struct rt_next *p, void *room)
{
    const char **to = room;
    char *text = (char *)(to + p->n + 1 + RT_FORWARD_COUNT + 1);
    const char *fds = make_fds(text);
    const char *preload = p->edit ? make_preload(p, text + sizeof rt_forward->name + 1 + RT_FDS_TEXT) : p->preload;
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const char *e = p->envp[i];
        if (p->edit && p->preload && i == p->preload_at)
            e = preload;
        else if (is_set(e, RT_FORWARD_FDS))
            e = fds;
        else if (is_variable(e, RT_FORWARD_FDS) || is_variable(e, RT_FORWARD_RUN_DIR))
            e = is_set(e, RT_FORWARD_RUN_DIR) ? e : NULL; /* empty: ours comes behind */
        if (e)
            to[n++] = e;
    }
    if (p->edit == RT_PRELOAD_ADD && !p->preload)
        to[n++] = preload;
    for (unsigned i = 0; i < RT_FORWARD_COUNT && p->covered; i++) {
        const char *e = i == RT_FORWARD_FDS ? fds : kept.variable[i];
        if (!p->has[i] && e)
            to[n++] = e;
    }
    to[n] = NULL;
    return (char *const *)(uintptr_t)room;
}
