#include "handler/glib/glib.h"

#include <stdlib.h>

#define API __attribute__((visibility("default")))
#define FATAL_FLUSH_SECS 2.0f

static int32_t levelno_of(GLogLevelFlags level)
{
    static const struct {
        GLogLevelFlags flag;
        int32_t levelno;
    } levels[] = { /* the most severe first, as GLib looks at them */
        {G_LOG_LEVEL_ERROR, RR_LEVELNO_CRITICAL}, {G_LOG_LEVEL_CRITICAL, RR_LEVELNO_ERROR}, {G_LOG_LEVEL_WARNING, RR_LEVELNO_WARN},
        {G_LOG_LEVEL_MESSAGE, RR_LEVELNO_INFO},   {G_LOG_LEVEL_INFO, RR_LEVELNO_INFO},      {G_LOG_LEVEL_DEBUG, RR_LEVELNO_DEBUG},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (level & levels[i].flag)
            return levels[i].levelno;
    return RR_LEVELNO_INFO; /* a level of the program's own */
}

static void emit(gpointer handler, GLogLevelFlags level, rr_log_record *r)
{
    r->levelno = levelno_of(level);
    rr_logging_handler_emit(handler, r);
    if (level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR)) /* the program is about to be aborted */
        rr_logging_handler_flush(handler, FATAL_FLUSH_SECS, NULL);
}

API void rr_glib_log_handler(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer handler)
{
    rr_log_record r = rr_log_record_default();
    r.logger = domain;
    r.message = message;
    emit(handler, level, &r);
}

/* ---------------------------------------------------------------- structured */

/* A record while GLib's fields are sorted into it. */
struct gathered {
    rr_log_record record;
    rr_field fields[RR_TEXT_FIELDS_MOST];
    uint32_t n_more;  /* fields that found no place */
    char *message;    /* a copy, NUL-terminated, of one that came with a length; owned */
};

static void take_message(struct gathered *g, const GLogField *f)
{
    g->record.message = f->value;
    if (f->length < 0)
        return;
    free(g->message);
    g->message = strndup(f->value, (size_t)f->length);
    g->record.message = g->message ? g->message : "";
}
static void take_domain(struct gathered *g, const GLogField *f)
{
    g->record.logger = f->value;
}
static void take_file(struct gathered *g, const GLogField *f)
{
    g->record.file = f->value;
}
static void take_line(struct gathered *g, const GLogField *f)
{
    g->record.line = (uint32_t)strtoul(f->value, NULL, 10);
}
static void take_function(struct gathered *g, const GLogField *f)
{
    g->record.function = f->value;
}
static void leave(struct gathered *g, const GLogField *f)
{
    (void)g, (void)f;
}

/* Fields with a meaning of their own. @text: taken only when NUL-terminated, else they are fields like others. */
static const struct {
    const char *key;
    void (*take)(struct gathered *g, const GLogField *f);
    bool text;
} known[] = {
    {"MESSAGE", take_message, false}, {"GLIB_DOMAIN", take_domain, true},   {"CODE_FILE", take_file, true},
    {"CODE_LINE", take_line, true},   {"CODE_FUNC", take_function, true},   {"PRIORITY", leave, false},
    {"GLIB_OLD_LOG_API", leave, false},
};

static bool take_known(struct gathered *g, const GLogField *f)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(f->key, known[i].key) && !(known[i].text && f->length >= 0)) {
            known[i].take(g, f);
            return true;
        }
    return false;
}

static void take(struct gathered *g, const GLogField *f)
{
    if (!f->key || !f->value || take_known(g, f))
        return;
    if (g->record.n_fields == RR_TEXT_FIELDS_MOST) {
        g->n_more++;
        return;
    }
    g->fields[g->record.n_fields++] = f->length < 0 ? rr_str(f->key, f->value) : rr_binary(f->key, f->value, (size_t)f->length);
}

API GLogWriterOutput rr_glib_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer handler)
{
    struct gathered g;
    g.record = rr_log_record_default();
    g.n_more = 0;
    g.message = NULL;
    for (gsize i = 0; i < n_fields; i++)
        take(&g, &fields[i]);
    g.record.fields = g.fields;
    if (g.n_more) /* told in the place of the last one, which is lost as well */
        g.fields[RR_TEXT_FIELDS_MOST - 1] = rr_u64("fields_left_out", g.n_more + 1);
    emit(handler, level, &g.record);
    free(g.message);
    return G_LOG_WRITER_HANDLED;
}

API GLogWriterOutput rr_glib_writer_and_default(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer handler)
{
    rr_glib_writer(level, fields, n_fields, handler);
    return g_log_writer_default(level, fields, n_fields, NULL);
}
