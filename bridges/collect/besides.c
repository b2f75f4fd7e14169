#include "collect/besides.h"

#include "meaning/display.h"

static struct rt_slice shown(struct rt_besides *b, struct rt_slice s, int *r)
{
    struct rt_buf clean = {0};
    bool changed = false;
    if (rt_text_valid(s.p, s.n))
        return s;
    *r |= rt_display_append(&clean, s.p, s.n, &changed);
    b->owned[b->n_owned++] = clean.data;
    return rt_slice(clean.data, clean.len);
}

static int add(struct rt_besides *b, struct rt_slice name, struct rt_slice value)
{
    int r = 0;
    if (b->n == RT_BESIDES_MOST)
        return 0;
    name = shown(b, name, &r);
    value = shown(b, value, &r);
    b->at[b->n++] = (struct rt_row_field){.name = name.p, .name_len = name.n, .value = value.p, .len = value.n};
    return r;
}

/* "ID.NAME", or of an element without parameters "ID", and the value without its escapes. */
static int add_param(struct rt_besides *b, const struct rt_syslog_param *p)
{
    if (b->n == RT_BESIDES_MOST)
        return 0;
    size_t n = p->id.n;
    char *room = malloc(p->id.n + 1 + p->name.n + p->value.n);
    if (!room)
        return -ENOMEM;
    b->owned[b->n_owned++] = room;
    memcpy(room, p->id.p, n);
    if (p->name.n) {
        room[n++] = '.';
        memcpy(room + n, p->name.p, p->name.n);
        n += p->name.n;
    }
    size_t value = rt_syslog_unescape(room + n, p->value.n, p->value);
    return add(b, rt_slice(room, n), rt_slice(room + n, value));
}

int rt_besides_syslog(struct rt_besides *b, const struct rt_syslog *m, uint32_t sender_pid)
{
    struct rt_syslog_walk w = {.rest = m->data};
    struct rt_syslog_param p;
    int r = 0;
    b->n = b->n_owned = 0;
    if (m->msgid.n)
        r |= add(b, rt_slice("msgid", 5), m->msgid);
    if (m->procid.n && m->pid != sender_pid)
        r |= add(b, rt_slice("procid", 6), m->procid);
    while (rt_syslog_next(&w, &p))
        r |= add_param(b, &p);
    return r ? -ENOMEM : 0;
}

int rt_besides_journal(struct rt_besides *b, struct rt_slice entry)
{
    struct rt_journal_field f;
    enum rt_journal_step step;
    bool any = false;
    int r = 0;
    b->n = b->n_owned = 0;
    while ((step = rt_journal_next(&entry, &f)) == RT_JOURNAL_FIELD || (step == RT_JOURNAL_ENTRY && !any)) {
        any |= step == RT_JOURNAL_FIELD;
        if (step == RT_JOURNAL_FIELD && f.valid && !rt_journal_is_known(f.name))
            r |= add(b, f.name, f.value);
    }
    return r ? -ENOMEM : 0;
}

void rt_besides_free(struct rt_besides *b)
{
    while (b->n_owned)
        free(b->owned[--b->n_owned]);
}
