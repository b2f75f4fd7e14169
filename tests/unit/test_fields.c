/* Fields of rows without a column of their own: what messages say besides, and how many columns that makes. */
#include "collect/besides.h"
#include "tests/harness/test.h"

/* "NAME=value;" for each. */
static void check(struct rt_besides *b, const char *want)
{
    char got[512] = "";
    for (uint32_t i = 0; i < b->n; i++)
        sprintf(got + strlen(got), "%.*s=%.*s;", (int)b->at[i].name_len, b->at[i].name, (int)b->at[i].len, b->at[i].value);
    CHECK_STR(got, want);
    rt_besides_free(b);
}

RT_TEST(test_syslog_says_more)
{
    static const struct { const char *text; uint32_t pid; const char *want; } messages[] = {
        {"<13>1 - h a 7 ID47 [x@1 a=\"1\" b=\"q\\\"\\]\"][empty] t", 7, "msgid=ID47;x@1.a=1;x@1.b=q\"];empty=;"},
        {"<13>1 - h a 7 - - t", 8, "procid=7;"},
        {"<13>1 - h a worker - - t", 8, "procid=worker;"},
        {"<13>Nov 20 16:14:09 a[7]: t", 7, ""},
        {"<13>1 - h a - - [x c=\"\xff\"] t", 7, "x.c=\xef\xbf\xbd;"},
    };
    struct rt_syslog_context c = {.now_ns = 1795190400000000000};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct rt_besides b;
        struct rt_syslog m = rt_syslog_parse(messages[i].text, strlen(messages[i].text), &c);
        CHECK_INT(rt_besides_syslog(&b, &m, messages[i].pid), 0);
        check(&b, messages[i].want);
    }
}

RT_TEST(test_the_journal_says_more)
{
    static const char entry[] = "MESSAGE=x\nUNIT=u\n_PID=1\nlower=1\nPRIORITY=3\nA=1\nA=\xff\n\nB=next\n";
    struct rt_besides b;
    CHECK_INT(rt_besides_journal(&b, rt_slice(entry, sizeof entry - 1)), 0);
    check(&b, "UNIT=u;A=1;A=\xef\xbf\xbd;");
}

RT_TEST(test_one_message_has_a_limit)
{
    char text[8192] = "";
    struct rt_besides b;
    for (int i = 0; i < 400; i++)
        sprintf(text + strlen(text), "F%d=\xff\n", i);
    CHECK_INT(rt_besides_journal(&b, rt_slice(text, strlen(text))), 0);
    CHECK_INT(b.n, RT_BESIDES_MOST);
    rt_besides_free(&b);
    strcpy(text, "<13>1 - - - - - [x");
    for (int i = 0; i < 400; i++)
        sprintf(text + strlen(text), " f%d=\"\xff\"", i);
    strcat(text, "] t");
    struct rt_syslog_context c = {.now_ns = 0};
    struct rt_syslog m = rt_syslog_parse(text, strlen(text), &c);
    CHECK_INT(rt_besides_syslog(&b, &m, 1), 0);
    CHECK_INT(b.n, RT_BESIDES_MOST);
    rt_besides_free(&b);
}

/* ---------------------------------------------------------------- columns */
static void add(struct rt_fields *f, uint32_t row, const char *name, const char *value)
{
    struct rt_row_field field = {.name = name, .name_len = strlen(name), .value = value, .len = strlen(value)};
    CHECK_INT(rt_fields_add(f, row, &field, 1), 0);
}

static void check_cell(const rr_column *c, uint32_t row, const char *want)
{
    char got[256] = "";
    for (uint32_t i = c->list_offsets[row]; i < c->list_offsets[row + 1]; i++) {
        const char *values = c->values;
        sprintf(got + strlen(got), "%.*s;", (int)(c->value_offsets[i + 1] - c->value_offsets[i]), values + c->value_offsets[i]);
    }
    CHECK_STR(got, want);
}

RT_TEST(test_fields_are_columns)
{
    struct rt_fields f = {.n = 0};
    rr_column c[RT_FIELDS_MOST + 1];
    rt_fields_row(&f, 0);
    add(&f, 1, "A", "1");
    rt_fields_row(&f, 1);
    add(&f, 2, "B", "2");
    add(&f, 2, "A", "3");
    add(&f, 2, "A", "4");
    rt_fields_row(&f, 2);
    rt_fields_row(&f, 3);
    CHECK_INT(rt_fields_columns(&f, 4, c), 2);
    CHECK_STR(c[0].component, "retap.Field:A");
    CHECK_STR(c[1].component, "retap.Field:B");
    static const char *const a[] = {"", "1;", "3;4;", ""}, *const b[] = {"", "", "2;", ""};
    for (uint32_t row = 0; row < 4; row++) {
        check_cell(&c[0], row, a[row]);
        check_cell(&c[1], row, b[row]);
    }
    rt_fields_clear(&f);
    add(&f, 0, "B", "5");
    rt_fields_row(&f, 0);
    CHECK_INT(rt_fields_columns(&f, 1, c), 1); /* the next batch: only what it has */
    CHECK_STR(c[0].component, "retap.Field:B");
    rt_fields_free(&f);
}

RT_TEST(test_too_many_fields_are_json)
{
    struct rt_fields f = {.n = 0};
    rr_column c[RT_FIELDS_MOST + 1];
    char name[200];
    for (uint32_t i = 0; i < RT_FIELDS_MOST + 2; i++) {
        sprintf(name, "N%u", i);
        add(&f, i, name, "a\"b\\c\nd");
        rt_fields_row(&f, i);
    }
    struct rt_row_field two[] = {{.name = "Y\"", .name_len = 2, .value = "1", .len = 1}, {.name = "Z", .name_len = 1, .value = "", .len = 0}};
    CHECK_INT(rt_fields_add(&f, RT_FIELDS_MOST + 2, two, 2), 0);
    rt_fields_row(&f, RT_FIELDS_MOST + 2);
    CHECK_INT(rt_fields_columns(&f, RT_FIELDS_MOST + 3, c), RT_FIELDS_MOST + 1);
    CHECK_STR(c[RT_FIELDS_MOST].component, "retap.Log:fields");
    check_cell(&c[RT_FIELDS_MOST], 0, "");
    check_cell(&c[RT_FIELDS_MOST], RT_FIELDS_MOST + 1, "{\"N65\":\"a\\\"b\\\\c\\u000ad\"};");
    check_cell(&c[RT_FIELDS_MOST], RT_FIELDS_MOST + 2, "{\"Y\\\"\":\"1\",\"Z\":\"\"};");
    rt_fields_free(&f);
    memset(name, 'n', sizeof name);
    name[RT_FIELD_NAME_MOST + 1] = 0;
    f = (struct rt_fields){.n = 0};
    add(&f, 0, name, "v");
    add(&f, 0, "", "v");
    rt_fields_row(&f, 0);
    CHECK_INT(rt_fields_columns(&f, 1, c), 1);
    CHECK_STR(c[0].component, "retap.Log:fields");
    rt_fields_free(&f);
}
