#include "recording/line.h"

#include "base/utf8.h"
#include "recording/fieldset.h"
#include "recording/plain.h"

enum { FIXED_MOST = 8 }; /* components of a line that are no fields */

/* ---------------------------------------------------------------- most lines: UTF-8, no fields */

static inline void plain_text(struct rt_plain_cell *cells, uint32_t *n, unsigned component, struct rt_slice text)
{
    if (text.n)
        cells[(*n)++] = rt_plain_text(component, text);
}
static inline void plain_number(struct rt_plain_cell *cells, uint32_t *n, unsigned component, const uint32_t *number)
{
    if (*number)
        cells[(*n)++] = rt_plain_u32(component, number);
}

/* Return: false when the line is another. */
static bool log_plain_line(rr_recording_stream rec, const struct rt_line *line, uint32_t flags)
{
    struct rt_plain_cell cells[FIXED_MOST]; /* not cleared: that costs a tenth of the call */
    uint32_t n = 1;
    bool ascii = (line->text_is_ascii || rt_utf8_is_ascii(line->text.p, line->text.n)) && rt_utf8_is_ascii(line->level.p, line->level.n) &&
                 rt_utf8_is_ascii(line->template.p, line->template.n) && rt_utf8_is_ascii(line->file.p, line->file.n) &&
                 rt_utf8_is_ascii(line->function.p, line->function.n);
    if (line->n_fields || !ascii)
        return false;
    cells[0] = rt_plain_text(RT_C_TextLog_text, line->text);
    plain_text(cells, &n, RT_C_TextLog_level, line->level);
    plain_number(cells, &n, RT_C_TextLog_color, &line->color);
    plain_number(cells, &n, RT_C_retap_Log_tid, &line->tid);
    plain_number(cells, &n, RT_C_retap_Log_line, &line->line_number);
    plain_text(cells, &n, RT_C_retap_Log_template, line->template);
    plain_text(cells, &n, RT_C_retap_Log_file, line->file);
    plain_text(cells, &n, RT_C_retap_Log_function, line->function);
    return rt_log_plain(rec, line->path, line->path_len, flags, line->time_ns, cells, n) != RT_PLAIN_NOT;
}

/* ---------------------------------------------------------------- any line */

/* The row as it grows; the slices are what its texts point to. */
struct row {
    struct rt_value values[FIXED_MOST + RR_TEXT_FIELDS_MOST];
    struct rt_slice slices[FIXED_MOST];
    uint32_t n;
};

static void add_text(struct row *r, unsigned component, struct rt_slice text, struct rt_scratch *scratch)
{
    r->slices[r->n] = rt_text_repaired(text, scratch);
    r->values[r->n] = (struct rt_value){.type = rt_type_of_table(component), .n = 1, .values = &r->slices[r->n]};
    r->n++;
}
static void add_text_if_any(struct row *r, unsigned component, struct rt_slice text, struct rt_scratch *scratch)
{
    if (text.n)
        add_text(r, component, text, scratch);
}
static void add_number_if_any(struct row *r, unsigned component, const uint32_t *number)
{
    if (*number)
        r->values[r->n++] = (struct rt_value){.type = rt_type_of_table(component), .n = 1, .values = number};
}

static void add_fields(struct row *r, const rr_field *fields, uint32_t n, struct rt_scratch *scratch)
{
    static uint32_t too_many, null;
    if (!n)
        return;
    if (!fields) {
        rt_warn(&null, "%u fields of a log line are NULL", n);
        return;
    }
    if (n > RR_TEXT_FIELDS_MOST) {
        rt_warn(&too_many, "a log line has %u fields; those beyond RR_TEXT_FIELDS_MOST = %d are left out", n, RR_TEXT_FIELDS_MOST);
        n = RR_TEXT_FIELDS_MOST;
    }
    r->n += rt_fields_values(fields, n, scratch, r->values + r->n);
}

static __attribute__((noinline)) rr_error_code log_any_line(rr_recording_stream rec, const struct rt_line *line, uint32_t flags, rr_error *err)
{
    struct rt_scratch scratch;
    struct row r;
    r.n = 0;
    rt_scratch_init(&scratch);
    add_text(&r, RT_C_TextLog_text, line->text, &scratch);
    add_text_if_any(&r, RT_C_TextLog_level, line->level, &scratch);
    add_number_if_any(&r, RT_C_TextLog_color, &line->color);
    add_number_if_any(&r, RT_C_retap_Log_tid, &line->tid);
    add_number_if_any(&r, RT_C_retap_Log_line, &line->line_number);
    add_text_if_any(&r, RT_C_retap_Log_template, line->template, &scratch);
    add_text_if_any(&r, RT_C_retap_Log_file, line->file, &scratch);
    add_text_if_any(&r, RT_C_retap_Log_function, line->function, &scratch);
    add_fields(&r, line->fields, line->n_fields, &scratch);
    rr_error_code code = rt_log_row(rec, line->path, line->path_len, flags, line->time_ns, r.values, r.n, err);
    rt_scratch_deinit(&scratch);
    return code;
}

rr_error_code rt_log_line(rr_recording_stream rec, const struct rt_line *line, rr_error *err)
{
    uint32_t flags = line->flags | RT_LOG_TEXT | rt_urgency(line->level);
    return log_plain_line(rec, line, flags) ? RR_ERROR_CODE_OK : log_any_line(rec, line, flags, err);
}

void rt_log_line_or_warn(rr_recording_stream rec, const struct rt_line *line, const char *call)
{
    static uint32_t site;
    rr_error err; /* written on failure only */
    if (rt_log_line(rec, line, &err))
        rt_warn(&site, "%s: %s", call, err.description);
}
