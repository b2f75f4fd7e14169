#include "meaning/group.h"

#include <string.h>

/* Kinds. Those before LINE are heads that nothing has confirmed yet: alone, they are ordinary rows. */
enum kind {
    KIND_NONE,
    KIND_MAYBE_EXCEPTION, /* "a.b.SomeError: text" */
    KIND_MAYBE_NODE,      /* "/path/file.js:10" */
    KIND_MAYBE_BAR,       /* "=====" or "**" alone */
    KIND_MAYBE_JUL,       /* "Aug 20, 2026 12:34:56 PM class method" */
    KIND_LINE,            /* WARN or worse */
    KIND_PYTHON,
    KIND_JAVA,
    KIND_NODE,
    KIND_RUST,
    KIND_GO,
    KIND_CPP,
    KIND_SANITIZER,
    KIND_VALGRIND,
    KIND_COMPILER,
    KIND_RUSTC,
    KIND_FAULT, /* Python's faulthandler */
    KIND_COUNT,
};

/* ---- looking at a line ---- */

#define STARTS(l, s) starts((l), (s), sizeof(s) - 1)
#define CONTAINS(l, s) (memmem((l)->text, (l)->len, (s), sizeof(s) - 1) != NULL)

static bool starts(const struct rt_group_line *l, const char *text, size_t n)
{
    return l->len >= n && !memcmp(l->text, text, n);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '$' || c == '.';
}

static size_t indent_of(const struct rt_group_line *l)
{
    size_t i = 0;
    while (i < l->len && (l->text[i] == ' ' || l->text[i] == '\t'))
        i++;
    return i;
}

/* A tab or at least two blanks, and something behind them. */
static bool is_indented(const struct rt_group_line *l)
{
    if (l->len < 2 || (l->text[0] != '\t' && (l->text[0] != ' ' || (l->text[1] != ' ' && l->text[1] != '\t'))))
        return false;
    return indent_of(l) < l->len;
}

static bool ends_with(const char *p, size_t n, const char *end)
{
    size_t len = strlen(end);
    return n >= len && !memcmp(p + n - len, end, len);
}

/* "pkg.SomeError: text", "SomeException", "Uncaught TypeError [X]: text", "Exception in thread "main" a.b.C: text" */
static bool is_exception(const struct rt_group_line *l)
{
    size_t from = STARTS(l, "Uncaught ") ? 9 : 0, i;
    if (STARTS(l, "Exception in thread "))
        return true;
    for (i = from; i < l->len && is_name(l->text[i]);)
        i++;
    if (i < l->len && l->text[i] != ':' && !(l->text[i] == ' ' && i + 1 < l->len && l->text[i + 1] == '['))
        return false;
    const char *p = l->text + from;
    return ends_with(p, i - from, "Error") || ends_with(p, i - from, "Exception") || ends_with(p, i - from, "Throwable");
}

/* The last line of a Python traceback: a dotted name, then a colon or nothing. */
static bool is_python_exception(const struct rt_group_line *l)
{
    size_t i = 0;
    while (i < l->len && is_name(l->text[i]))
        i++;
    return i > 0 && !is_digit(l->text[0]) && (i == l->len || l->text[i] == ':');
}

static bool is_traceback(const struct rt_group_line *l)
{
    return l->len >= 33 && CONTAINS(l, "Traceback (most recent call last)");
}

static bool is_chained(const struct rt_group_line *l)
{
    return STARTS(l, "During handling of the above exception") || STARTS(l, "The above exception was the direct cause");
}

/* "    at f (file.js:1:2)", "\tat a.b.C.f(C.java:12)" */
static bool is_frame(const struct rt_group_line *l)
{
    size_t i = indent_of(l);
    return i > 0 && l->len - i > 3 && !memcmp(l->text + i, "at ", 3);
}

static bool is_java_cause(const struct rt_group_line *l)
{
    size_t i = indent_of(l);
    struct rt_group_line rest = {.text = l->text + i, .len = l->len - i};
    return STARTS(&rest, "Caused by: ") || STARTS(&rest, "Suppressed: ") || (STARTS(&rest, "... ") && i > 0);
}

/* Only the marks under a source line. */
static bool is_caret(const struct rt_group_line *l)
{
    bool mark = false;
    for (size_t i = 0; i < l->len; i++) {
        if (!strchr(" \t^~|", l->text[i]))
            return false;
        mark |= l->text[i] == '^';
    }
    return mark;
}

static bool is_run_of(const struct rt_group_line *l, char c)
{
    for (size_t i = 0; i < l->len; i++)
        if (l->text[i] != c)
            return false;
    return true;
}

/* Length of valgrind's "==123== " in front, 0 without it. */
static size_t valgrind_prefix(const struct rt_group_line *l)
{
    size_t i = 2;
    if (!STARTS(l, "=="))
        return 0;
    while (i < l->len && is_digit(l->text[i]))
        i++;
    if (i == 2 || l->len < i + 2 || memcmp(l->text + i, "==", 2))
        return 0;
    return l->len == i + 2 ? i + 2 : l->text[i + 2] == ' ' ? i + 3 : 0;
}

/* "In file included from a.c:1:", "a.c: In function 'f':", "/usr/bin/ld: a.o: in function `f':" */
static bool is_compiler_context(const struct rt_group_line *l)
{
    if (STARTS(l, "In file included from "))
        return true;
    if (l->len < 8 || (l->text[l->len - 1] != ':'))
        return false;
    return CONTAINS(l, ": In ") || CONTAINS(l, ": At top level:") || CONTAINS(l, ": at global scope") ||
           CONTAINS(l, ": in function `");
}

/* "/path/file.js:10", "node:internal/x:12" */
static bool is_node_position(const struct rt_group_line *l)
{
    if (l->len < 5 || !is_digit(l->text[l->len - 1]) || memchr(l->text, ' ', l->len))
        return false;
    return STARTS(l, "node:") || CONTAINS(l, ".js:") || CONTAINS(l, ".mjs:") || CONTAINS(l, ".cjs:") || CONTAINS(l, ".ts:");
}

static bool is_jul_head(const struct rt_group_line *l)
{
    return l->len > 24 && l->text[3] == ' ' && is_digit(l->text[4]) && (CONTAINS(l, " PM ") || CONTAINS(l, " AM ")) &&
           l->guess.level == RT_LEVEL_NONE;
}

/* ---- the group's level and telling line ---- */

static void take_level(struct rt_group *g, const struct rt_group_line *l)
{
    if (l->guess.level && (!g->level || l->guess.level < g->level)) {
        g->level = l->guess.level;
        g->style = l->guess.style;
    }
}

static void at_least(struct rt_group *g, enum rt_level level, enum rt_style style)
{
    take_level(g, &(struct rt_group_line){.guess = {(uint8_t)level, (uint8_t)style}});
}

static void tell(struct rt_group *g, size_t start, size_t end)
{
    g->tell_start = (uint32_t)start;
    g->tell_end = (uint32_t)end;
}

static enum rt_group_step become(struct rt_group *g, enum kind kind, unsigned state)
{
    g->kind = kind;
    g->state = state;
    return RT_GROUP_JOIN;
}

/* ---- one function a kind: does the line continue the group? ---- */

typedef enum rt_group_step step_fn(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end);

/* State 0: frames; 1: behind the exception line; 2: behind "During handling of the above exception …". */
static enum rt_group_step step_python(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (l->len == 0)
        return g->state == 0 ? RT_GROUP_END : g->state == 1 ? RT_GROUP_MAYBE : RT_GROUP_JOIN;
    if (g->state == 1 && STARTS(l, "  File \"")) /* a SyntaxError of its own */
        return RT_GROUP_END;
    if (is_indented(l))
        return RT_GROUP_JOIN;
    if (is_traceback(l))
        return g->state == 2 ? become(g, KIND_PYTHON, 0) : RT_GROUP_END;
    if (is_chained(l))
        return become(g, KIND_PYTHON, 2);
    if (g->state != 0 || !is_python_exception(l))
        return RT_GROUP_END;
    if (g->level == RT_LEVEL_ERROR && g->style == RT_STYLE_TRACEBACK) /* not when a log line stands in front */
        tell(g, start, end);
    return become(g, KIND_PYTHON, 1);
}

static enum rt_group_step step_java(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    bool closing = l->len == 1 && l->text[0] == '}';
    return is_frame(l) || is_java_cause(l) || is_indented(l) || closing ? RT_GROUP_JOIN : RT_GROUP_END;
}

/* State 0: source line and caret, up to the error; 1: its frames. */
static enum rt_group_step step_node(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (l->len == 0)
        return RT_GROUP_MAYBE;
    if (STARTS(l, "Node.js v"))
        return RT_GROUP_LAST;
    if (g->state == 0 && !is_indented(l) && (is_exception(l) || STARTS(l, "Uncaught ") || STARTS(l, "throw "))) {
        if (!STARTS(l, "throw ")) {
            at_least(g, RT_LEVEL_ERROR, RT_STYLE_EXCEPTION);
            tell(g, start, end);
            g->state = 1;
        }
        return RT_GROUP_JOIN;
    }
    return step_java(g, l, start, end);
}

/* State 0: the message is on the next line; 1: it was read. */
static enum rt_group_step step_rust(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (g->state == 0) {
        tell(g, 0, end);
        return become(g, KIND_RUST, 1);
    }
    bool known = STARTS(l, "note: run with `RUST_BACKTRACE") || STARTS(l, "note: Some details are omitted") ||
                 STARTS(l, "stack backtrace:") || STARTS(l, " right: ") || STARTS(l, "note: run with `-Z");
    return known || is_indented(l) ? RT_GROUP_JOIN : RT_GROUP_END;
}

/* "rax    0x0": the registers behind a Go crash */
static bool is_register(const struct rt_group_line *l)
{
    size_t i = 0;
    while (i < l->len && is_name(l->text[i]))
        i++;
    size_t name = i;
    while (i < l->len && l->text[i] == ' ')
        i++;
    return name >= 2 && name <= 6 && i > name && l->len - i > 2 && !memcmp(l->text + i, "0x", 2);
}

/* State 0: before the goroutines; 1: in one. */
static enum rt_group_step step_go(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (l->len == 0)
        return RT_GROUP_MAYBE;
    if (STARTS(l, "goroutine ") || STARTS(l, "runtime stack:"))
        return become(g, KIND_GO, 1);
    if (STARTS(l, "exit status "))
        return RT_GROUP_LAST;
    if (is_indented(l) || STARTS(l, "[signal ") || (g->state == 0 && STARTS(l, "panic: ")))
        return RT_GROUP_JOIN;
    if (g->state == 0 && (STARTS(l, "PC=") || STARTS(l, "fatal error: ")))
        return RT_GROUP_JOIN;
    bool call = l->text[l->len - 1] == ')' || STARTS(l, "created by ") || STARTS(l, "...");
    return g->state == 1 && (is_register(l) || (call && !g->maybe)) ? RT_GROUP_JOIN : RT_GROUP_END;
}

static enum rt_group_step step_cpp(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (!is_indented(l))
        return RT_GROUP_END;
    if (CONTAINS(l, "what():"))
        tell(g, 0, end);
    return RT_GROUP_JOIN;
}

/* State 0: the report, any line; 1: behind its SUMMARY; 2: a report of one line, frames may follow. */
static enum rt_group_step step_sanitizer(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    bool bar = l->len >= 16 && is_run_of(l, '=');
    if (bar || (valgrind_prefix(l) == 0 && STARTS(l, "==") && CONTAINS(l, "==ABORTING")))
        return bar && g->state != 1 ? RT_GROUP_END : RT_GROUP_LAST;
    if (STARTS(l, "SUMMARY: "))
        return become(g, KIND_SANITIZER, 1);
    if (g->state == 0)
        return RT_GROUP_JOIN;
    if (l->len == 0)
        return RT_GROUP_MAYBE;
    return is_indented(l) || STARTS(l, "Shadow byte") || STARTS(l, "=>0x") || STARTS(l, "==") ? RT_GROUP_JOIN : RT_GROUP_END;
}

static enum rt_group_step step_valgrind(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    size_t prefix = valgrind_prefix(l);
    if (!prefix)
        return RT_GROUP_END;
    return prefix == l->len ? RT_GROUP_LAST : RT_GROUP_JOIN;
}

/* State 0: only context so far; 1: the diagnostic was just read; 2: its lines. */
static enum rt_group_step step_compiler(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    bool diagnostic = l->guess.style == RT_STYLE_COMPILER || l->guess.style == RT_STYLE_LINKER;
    bool note = diagnostic && l->guess.level == RT_LEVEL_INFO;
    if (g->state == 0 && (diagnostic || is_compiler_context(l))) {
        if (!diagnostic)
            return RT_GROUP_JOIN;
        at_least(g, l->guess.level, l->guess.style);
        tell(g, start, end);
        return become(g, KIND_COMPILER, 1);
    }
    if (is_indented(l) || (note && g->state != 0) || (is_caret(l) && g->maybe))
        return become(g, KIND_COMPILER, g->state ? 2 : 0);
    /* clang shows the source line as it is; the carets below tell */
    return g->state == 1 && !g->maybe && l->len && !l->guess.level && !is_compiler_context(l) ? RT_GROUP_MAYBE : RT_GROUP_END;
}

static enum rt_group_step step_rustc(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    size_t i = 0;
    while (i < l->len && is_digit(l->text[i]))
        i++;
    while (i < l->len && l->text[i] == ' ')
        i++;
    bool source = i > 0 && i < l->len && strchr("|=-.", l->text[i]);
    return source || is_indented(l) || (l->len == 3 && !memcmp(l->text, "...", 3)) ? RT_GROUP_JOIN : RT_GROUP_END;
}

static enum rt_group_step step_fault(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (l->len == 0)
        return RT_GROUP_MAYBE;
    bool known = STARTS(l, "Current thread 0x") || STARTS(l, "Thread 0x") || STARTS(l, "Extension modules: ") ||
                 STARTS(l, "Python runtime state: ");
    return known || is_indented(l) ? RT_GROUP_JOIN : RT_GROUP_END;
}

/* A row of WARN or worse: what programs print below it. */
static enum rt_group_step step_line(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (is_traceback(l))
        return become(g, KIND_PYTHON, 0);
    if (is_frame(l) || is_java_cause(l))
        return become(g, KIND_JAVA, 0);
    if (is_exception(l) && (!l->guess.level || l->guess.style == RT_STYLE_EXCEPTION)) {
        take_level(g, l);
        return become(g, KIND_JAVA, 0);
    }
    if (g->style == RT_STYLE_PREFIX || g->style == RT_STYLE_RUSTC) {
        size_t i = indent_of(l);
        if (i > 0 && l->len - i > 4 && !memcmp(l->text + i, "--> ", 4))
            return become(g, KIND_RUSTC, 0);
    }
    if (g->style == RT_STYLE_NODE && STARTS(l, "(Use `node "))
        return RT_GROUP_LAST;
    if (!is_indented(l))
        return RT_GROUP_END;
    take_level(g, l);
    return RT_GROUP_JOIN;
}

static enum rt_group_step step_maybe_exception(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (!is_frame(l) && !is_java_cause(l))
        return g->level && g->level <= RT_LEVEL_WARN ? step_line(g, l, start, end) : RT_GROUP_END;
    at_least(g, RT_LEVEL_ERROR, RT_STYLE_EXCEPTION);
    return become(g, KIND_JAVA, 0);
}

static enum rt_group_step step_maybe_node(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    bool source = l->len && !STARTS(l, "node:") && (is_indented(l) || STARTS(l, "throw "));
    return source ? become(g, KIND_NODE, 0) : RT_GROUP_END;
}

static enum rt_group_step step_maybe_bar(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    bool sanitizer = l->guess.style == RT_STYLE_SANITIZER;
    if (!sanitizer && !(g->state && CONTAINS(l, "ERROR:")))
        return RT_GROUP_END;
    take_level(g, l);
    tell(g, start, end);
    return sanitizer ? become(g, KIND_SANITIZER, 0) : become(g, KIND_LINE, 0);
}

static enum rt_group_step step_maybe_jul(struct rt_group *g, const struct rt_group_line *l, size_t start, size_t end)
{
    if (!l->guess.level || l->guess.style != RT_STYLE_PREFIX)
        return RT_GROUP_END;
    g->level = l->guess.level;
    g->style = RT_STYLE_JAVA;
    tell(g, start, end);
    return l->guess.level <= RT_LEVEL_WARN ? become(g, KIND_LINE, 0) : RT_GROUP_LAST;
}

static step_fn *const steps[KIND_COUNT] = {
    [KIND_NONE] = NULL,
    [KIND_MAYBE_EXCEPTION] = step_maybe_exception,
    [KIND_MAYBE_NODE] = step_maybe_node,
    [KIND_MAYBE_BAR] = step_maybe_bar,
    [KIND_MAYBE_JUL] = step_maybe_jul,
    [KIND_LINE] = step_line,
    [KIND_PYTHON] = step_python,
    [KIND_JAVA] = step_java,
    [KIND_NODE] = step_node,
    [KIND_RUST] = step_rust,
    [KIND_GO] = step_go,
    [KIND_CPP] = step_cpp,
    [KIND_SANITIZER] = step_sanitizer,
    [KIND_VALGRIND] = step_valgrind,
    [KIND_COMPILER] = step_compiler,
    [KIND_RUSTC] = step_rustc,
    [KIND_FAULT] = step_fault,
};

/* ---- what a first line can be ---- */

/* A head that already says its level, by the style that found it. */
static enum kind kind_of_style(const struct rt_group_line *l, uint32_t *ret_state)
{
    switch (l->guess.style) {
    case RT_STYLE_TRACEBACK: return KIND_PYTHON;
    case RT_STYLE_COMPILER: *ret_state = 1; return KIND_COMPILER;
    case RT_STYLE_SANITIZER:
        *ret_state = l->guess.level != RT_LEVEL_CRITICAL || STARTS(l, "SUMMARY: ") || !CONTAINS(l, "Sanitizer: ") ? 2 : 0;
        return KIND_SANITIZER;
    case RT_STYLE_VALGRIND: return KIND_VALGRIND;
    case RT_STYLE_PANIC:
        if (!CONTAINS(l, "panicked at "))
            return KIND_GO;
        *ret_state = l->text[l->len - 1] != ':'; /* since Rust 1.73 the message is on the next line */
        return KIND_RUST;
    case RT_STYLE_CRASH:
        return STARTS(l, "terminate called ") ? KIND_CPP : STARTS(l, "Fatal Python error") ? KIND_FAULT : KIND_LINE;
    default: return is_exception(l) ? KIND_MAYBE_EXCEPTION : KIND_LINE;
    }
}

/* A line without a marker, by its first byte. */
static enum kind kind_of_text(const struct rt_group_line *l)
{
    char c = l->len ? l->text[0] : 0;
    if ((c == '=' && l->len >= 16 && is_run_of(l, '=')) || (c == '*' && l->len == 2 && l->text[1] == '*'))
        return KIND_MAYBE_BAR;
    if (c == '=')
        return valgrind_prefix(l) && valgrind_prefix(l) < l->len ? KIND_VALGRIND : KIND_NONE;
    if (c == ' ')
        return STARTS(l, "  File \"") ? KIND_PYTHON : KIND_NONE;
    if (l->len < 5 || !(is_name(c) || c == '/'))
        return KIND_NONE;
    if (is_exception(l))
        return KIND_MAYBE_EXCEPTION;
    if (is_compiler_context(l))
        return KIND_COMPILER;
    return is_node_position(l) ? KIND_MAYBE_NODE : is_jul_head(l) ? KIND_MAYBE_JUL : KIND_NONE;
}

bool rt_group_begin(struct rt_group *g, const struct rt_group_line *line)
{
    *g = (struct rt_group){.level = line->guess.level, .style = line->guess.style};
    bool bad = line->guess.level && line->guess.level <= RT_LEVEL_WARN;
    if (!bad && line->guess.level)
        return false;
    g->kind = bad ? kind_of_style(line, &g->state) : kind_of_text(line);
    if (g->kind == KIND_MAYBE_BAR)
        g->state = line->text[0] == '*';
    if (g->kind == KIND_PYTHON && !bad)
        at_least(g, RT_LEVEL_ERROR, RT_STYLE_TRACEBACK);
    return g->kind != KIND_NONE;
}

enum rt_group_step rt_group_next(struct rt_group *g, const struct rt_group_line *line, size_t start, size_t end)
{
    if (g->kind == KIND_NONE || g->kind >= KIND_COUNT)
        return RT_GROUP_END;
    return steps[g->kind](g, line, start, end);
}
