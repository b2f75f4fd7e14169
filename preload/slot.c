#include "slot.h"

#include <stdio.h>
#include <sys/mman.h>

#include "backlog.h"
#include "fdclass.h"
#include "files.h"
#include "shim.h"

#define TABLE_WORDS 21 /* members of glibc's table of FILE operations */
#define PAGE 4096u

typedef ssize_t slot_function(FILE *, const void *, ssize_t);

/* Not looked up: exported by every glibc, absent elsewhere. */
extern void *_IO_file_jumps[] __attribute__((weak));
extern void *_IO_wfile_jumps[] __attribute__((weak));
extern ssize_t _IO_file_write(FILE *, const void *, ssize_t) __attribute__((weak));

uint8_t rt_stdio_names;

/* Records what the FILE is about to write. Return: the class that it has turned out to be. */
static enum rt_fd_class record(FILE *f, enum rt_fd_class c, const char *data, size_t n, struct rt_sent *sent)
{
    bool has = rt_backlog_has(f);
    size_t judged = has ? rt_shim.identity->backlog.seen : 0; /* text, as it seemed when it was printed */
    if (judged < n)
        c = rt_fd_judge(c, data + judged, n - judged);
    if (rt_unlikely(c == RT_FD_BINARY)) {
        if (has)
            rt_backlog_drop();
        return c;
    }
    struct rt_part part = {data, n};
    if (rt_unlikely(rt_fd_is_channel(c))) { /* who printed what of it is not known */
        struct rt_call call = {.origin = rt_origin(c, f->_fileno)};
        rt_record_data(rt_fd_stream(c), rt_fd_flags(c), &call, &part, 1, sent);
        return c;
    }
    if (!has || !rt_backlog_flush(f, rt_fd_stream(c), data, n, sent))
        rt_record_data_as(rt_writer_of(f), rt_fd_stream(c), rt_fd_flags(c), NULL, &part, 1, sent);
    return c;
}

static ssize_t slot_write(FILE *f, const void *data, ssize_t n)
{
    enum rt_fd_class c = rt_fd_class(f->_fileno);
    if (rt_likely(!rt_fd_is_tapped(c)) || n <= 0) {
        if (rt_unlikely(rt_backlog_has(f)))
            rt_backlog_drop();
        return _IO_file_write(f, data, n);
    }
    struct rt_sent sent = {.recorded = false};
    c = record(f, c, data, (size_t)n, &sent);
    ssize_t r = _IO_file_write(f, data, n);
    if (rt_unlikely(c == RT_FD_BINARY) && r > 0)
        rt_record_count((uint64_t)r);
    else if (rt_unlikely(r != n))
        rt_record_result(&sent, r > 0 ? r : -1); /* libc's function says 0 for a failure at the first byte */
    return r;
}

/* The one word of @table that is libc's own write function. Return: NULL unless there is exactly one. */
static void **slot_find(void **table)
{
    void **found = NULL;
    for (unsigned i = 0; i < TABLE_WORDS; i++) {
        if (table[i] != (void *)(uintptr_t)_IO_file_write)
            continue;
        if (found)
            return NULL;
        found = &table[i];
    }
    return found;
}

/* Both tables lie side by side, mostly in one page: one call opens it, one closes it. */
static bool slots_put(void **a, void **b)
{
    uintptr_t low = (uintptr_t)(a < b ? a : b) & ~(uintptr_t)(PAGE - 1);
    uintptr_t bytes = (((uintptr_t)(a < b ? b : a) & ~(uintptr_t)(PAGE - 1)) - low) + PAGE;
    if (bytes > 4 * PAGE || rt_syscall(SYS_mprotect, low, bytes, PROT_READ | PROT_WRITE, 0, 0, 0) < 0)
        return false;
    rt_store_release(a, (void *)(uintptr_t)(slot_function *)slot_write);
    rt_store_release(b, (void *)(uintptr_t)(slot_function *)slot_write);
    rt_syscall(SYS_mprotect, low, bytes, PROT_READ, 0, 0, 0);
    return true;
}

#ifdef RT_TESTPOINTS
bool rt_test_without_slot; /* test builds pretend on request that there is none */
#endif

void rt_slot_start(void)
{
    void **narrow = NULL, **wide = NULL;
#ifdef RT_TESTPOINTS
    if (rt_test_without_slot) {
        rt_stdio_names = 1;
        return;
    }
#endif
    if (_IO_file_write && _IO_file_jumps && _IO_wfile_jumps) {
        narrow = slot_find(_IO_file_jumps);
        wide = slot_find(_IO_wfile_jumps);
    }
    rt_shim.slot = narrow && wide && slots_put(narrow, wide);
    rt_stdio_names = !rt_shim.slot;
}
