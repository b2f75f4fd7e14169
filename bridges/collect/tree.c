#include "collect/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/level.h"

const char *const rt_source_names[RT_SOURCES] = {
    [RT_SOURCE_STDOUT] = "stdout", [RT_SOURCE_STDERR] = "stderr", [RT_SOURCE_SYSLOG] = "syslog",
    [RT_SOURCE_JOURNAL] = "journal", [RT_SOURCE_FILE] = "file", [RT_SOURCE_PROCESS] = "process",
};

static uint32_t slot_of(uint32_t pid)
{
    return (pid * 2654435761u) >> 22; /* Knuth's multiplicative hash, 10 bits */
}

struct rt_proc *rt_tree_find(const struct rt_tree *t, uint32_t pid)
{
    struct rt_proc *p = t->chain[slot_of(pid)];
    while (p && p->pid != pid)
        p = p->next;
    return p;
}

struct rt_proc *rt_tree_get(struct rt_tree *t, uint32_t pid)
{
    struct rt_proc *p = rt_tree_find(t, pid);
    if (p || !(p = calloc(1, sizeof *p)))
        return p;
    p->pid = pid;
    strcpy(p->program, "unknown");
    p->next = t->chain[slot_of(pid)];
    t->chain[slot_of(pid)] = p;
    t->n++;
    return p;
}

void rt_tree_remove(struct rt_tree *t, uint32_t pid)
{
    for (struct rt_proc **at = &t->chain[slot_of(pid)]; *at; at = &(*at)->next) {
        struct rt_proc *p = *at;
        if (p->pid != pid)
            continue;
        *at = p->next;
        rt_maps_free(p->maps);
        free(p);
        t->n--;
        return;
    }
}

void rt_tree_deinit(struct rt_tree *t)
{
    for (uint32_t i = 0; i < sizeof t->chain / sizeof *t->chain; i++)
        while (t->chain[i])
            rt_tree_remove(t, t->chain[i]->pid);
}

/* File name of a path of @n bytes, without a login shell's dash. Return: its length. */
static size_t file_name(const char *path, size_t n, const char **ret)
{
    size_t start = n;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (start < n && path[start] == '-')
        start++;
    *ret = path + start;
    return n - start;
}

void rt_proc_name(struct rt_proc *p, const char *argv, uint32_t argv_len, const char *exe, uint32_t exe_len)
{
    const char *name;
    p->argv_len = argv_len < sizeof p->argv ? argv_len : sizeof p->argv - 1;
    memcpy(p->argv, argv, p->argv_len);
    if (p->argv_len && p->argv[p->argv_len - 1])
        p->argv[p->argv_len++] = 0; /* cut inside an argument */
    snprintf(p->exe, sizeof p->exe, "%.*s", (int)exe_len, exe);
    size_t n = file_name(p->argv, strnlen(p->argv, p->argv_len), &name);
    if (!n)
        n = file_name(p->exe, strlen(p->exe), &name);
    if (n)
        snprintf(p->program, sizeof p->program, "%.*s", (int)n, name);
    memset(p->entity, 0, sizeof p->entity);
    p->other = false;
}

void rt_proc_command(const struct rt_proc *p, char *out, size_t size)
{
    size_t n = p->argv_len ? p->argv_len - 1 : 0;
    if (n >= size)
        n = size - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p->argv[i];
        out[i] = c == 0 || c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    out[n] = 0;
}

void rt_status_text(int status, char *out, size_t size)
{
    if (WIFEXITED(status)) {
        snprintf(out, size, "exited(%d)", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        if (name)
            snprintf(out, size, "SIG%s", name);
        else
            snprintf(out, size, "SIG%d", WTERMSIG(status));
    } else {
        snprintf(out, size, "ended");
    }
}

int rt_tree_save(const struct rt_tree *t, struct rt_buf *out)
{
    int r = rt_buf_append(out, &t->n, sizeof t->n);
    for (uint32_t i = 0; i < sizeof t->chain / sizeof *t->chain; i++)
        for (const struct rt_proc *p = t->chain[i]; p && !r; p = p->next)
            r = rt_buf_append(out, p, sizeof *p);
    return r;
}

/* What was read may be anything, also a bool that is neither. */
static void sanitize(struct rt_proc *p)
{
    bool *const flags[] = {&p->borrows, &p->other, &p->spoke, &p->spoken_for, &p->ended, &p->cred_changed, &p->has_exit_code};
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        uint8_t byte;
        memcpy(&byte, flags[i], 1);
        *flags[i] = byte != 0;
    }
    p->program[RT_PROGRAM_MAX - 1] = p->exe[sizeof p->exe - 1] = p->speaks_as[sizeof p->speaks_as - 1] = 0;
    p->exec_path[sizeof p->exec_path - 1] = 0;
    if (p->speaks_at >= RT_LEVEL_COUNT)
        p->speaks_at = RT_LEVEL_NONE;
    if (p->argv_len > sizeof p->argv)
        p->argv_len = 0;
}

int rt_tree_load(struct rt_tree *t, const uint8_t *p, size_t n, size_t *ret_used)
{
    uint32_t count;
    if (n < sizeof count)
        return -EBADMSG;
    memcpy(&count, p, sizeof count);
    if ((n - sizeof count) / sizeof(struct rt_proc) < count)
        return -EBADMSG;
    for (uint32_t i = 0; i < count; i++) {
        struct rt_proc saved;
        memcpy(&saved, p + sizeof count + i * sizeof saved, sizeof saved);
        struct rt_proc *q = rt_tree_get(t, saved.pid);
        if (!q)
            return -ENOMEM;
        saved.next = q->next;
        saved.maps = NULL;
        memset(saved.entity, 0, sizeof saved.entity);
        sanitize(&saved);
        *q = saved;
    }
    *ret_used = sizeof count + count * sizeof(struct rt_proc);
    return 0;
}
