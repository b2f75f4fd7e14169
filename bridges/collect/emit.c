#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collect/interpret_internal.h"
#include "meaning/assemble.h"
#include "meaning/display.h"
#include "meaning/path.h"

int64_t rt__real_ns(const struct rt_interpreter *it, uint64_t mono_ns)
{
    return (int64_t)(mono_ns + (uint64_t)it->real_minus_mono_ns);
}

struct rt_proc *rt__proc_get(struct rt_interpreter *it, uint32_t pid)
{
    struct rt_proc *p = rt_tree_find(&it->tree, pid);
    if (!p)
        p = rt_tree_get(&it->tree, it->tree.n < RT_PROCESSES_MAX ? pid : 0);
    if (!p && !it->error)
        it->error = -ENOMEM;
    return p;
}

static struct rt_entity *entity_of(struct rt_interpreter *it, struct rt_proc *p, enum rt_source source)
{
    char path[640];
    if (p->entity[source])
        return p->entity[source];
    rt_path_join(path, sizeof path, "logs", p->program, rt_source_names[source]);
    p->entity[source] = rt_rows_entity(it->rows, path);
    if (!p->entity[source]) {
        p->other = true;
        rt_path_join(path, sizeof path, "logs", "other", rt_source_names[source]);
        p->entity[source] = rt_rows_entity(it->rows, path);
    }
    return p->entity[source];
}

static void add_row(struct rt_interpreter *it, struct rt_entity *e, const struct rt_log_row *row)
{
    int r = e ? rt_rows_add(it->rows, e, row) : -ENOMEM;
    if (r && !it->error)
        it->error = r;
    it->ledger.rows++;
}

void rt_interpreter_note(struct rt_interpreter *it, enum rt_level level, uint64_t mono_ns, const char *fmt,
                         ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct rt_log_row row = {.time_ns = rt__real_ns(it, mono_ns), .level = level,
                             .text = text, .text_len = strlen(text), .pri = -1};
    add_row(it, rt_rows_entity(it->rows, "/logs/retap/collector"), &row);
}

void rt__emit_to(struct rt_interpreter *it, const struct rt_proc *p, struct rt_entity *e, const struct rt_log_row *row)
{
    struct rt_log_row anonymous = *row;
    if (row->tid & RT_TID_STDOUT)
        anonymous.tid = 0;
    if (p->pid & RT_PID_UNVERIFIED) {
        anonymous.pid = anonymous.tid = 0;
        anonymous.flags |= RT_ROW_UNVERIFIED;
    }
    if (p->cred_changed)
        anonymous.flags |= RT_ROW_CRED;
    add_row(it, e, &anonymous);
}

void rt__emit(struct rt_interpreter *it, struct rt_proc *p, enum rt_source source, const struct rt_log_row *row)
{
    rt__emit_to(it, p, entity_of(it, p, source), row);
}

/* The arguments of a process as one cell: a list of displayable strings. */
struct argv_cell {
    char text[RT_ARGV_MAX];
    uint32_t used, offsets[RT_ARGV_MAX / 2 + 2], list[2];
};

static void argv_take(struct argv_cell *c, const struct rt_proc *p)
{
    c->used = c->offsets[0] = c->list[0] = c->list[1] = 0;
    for (uint32_t i = 0, n; i < p->argv_len && c->list[1] < RT_ARGV_MAX / 2; i += n + 1) {
        struct rt_buf clean = {0};
        bool changed = false;
        n = (uint32_t)strnlen(p->argv + i, p->argv_len - i);
        if (rt_display_append(&clean, p->argv + i, n, &changed) == 0 && clean.len &&
            c->used + clean.len <= sizeof c->text) {
            memcpy(c->text + c->used, clean.data, clean.len);
            c->used += (uint32_t)clean.len;
        }
        rt_buf_deinit(&clean);
        c->offsets[++c->list[1]] = c->used;
    }
}

void rt__emit_state(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, const char *state,
                    int64_t status, const char *reason)
{
    bool with_argv = reason || !strcmp(state, "started");
    char path[320];
    int64_t time_ns = rt__real_ns(it, mono_ns);
    uint32_t exe_len = (uint32_t)strlen(p->exe), n = 2;
    uint32_t state_offsets[2] = {0, (uint32_t)strlen(state)}, exe_offsets[2] = {0, exe_len};
    uint32_t reason_offsets[2] = {0, reason ? (uint32_t)strlen(reason) : 0};
    struct argv_cell argv;
    rr_column columns[6] = {
        {.component = "StateChange:state", .values = state, .value_offsets = state_offsets},
        {.component = "retap.Log:pid", .values = &p->pid},
    };
    if (status >= 0)
        columns[n++] = (rr_column){.component = "retap.Log:exit_status", .values = &status};
    if (with_argv && exe_len && strncmp(p->exe, p->argv, sizeof p->exe) && rt_text_valid(p->exe, exe_len))
        columns[n++] = (rr_column){.component = "retap.Log:exe", .values = p->exe,
                                   .value_offsets = exe_offsets};
    if (reason)
        columns[n++] = (rr_column){.component = "retap.Log:reason", .values = reason, .value_offsets = reason_offsets};
    if (with_argv)
        argv_take(&argv, p);
    if (with_argv && argv.list[1])
        columns[n++] = (rr_column){.component = "retap.Log:argv", .values = argv.text,
                                   .value_offsets = argv.offsets, .list_offsets = argv.list};
    (void)entity_of(it, p, RT_SOURCE_PROCESS); /* programs under /process are limited as those under /logs */
    rt_path_join(path, sizeof path, "process", p->other ? "other" : p->program, NULL);
    if (rr_log_columns(it->rows->rec, path, 1, &time_ns, columns, n, NULL) && !it->error)
        it->error = -EIO;
}

void rt__emit_process(struct rt_interpreter *it, struct rt_proc *p, uint64_t mono_ns, enum rt_level level,
                      const char *text)
{
    struct rt_log_row row = {.time_ns = rt__real_ns(it, mono_ns), .pid = p->pid, .level = level,
                             .text = text, .text_len = strlen(text), .pri = -1};
    rt__emit(it, p, RT_SOURCE_PROCESS, &row);
}
