#include "encode/typepack.h"

#include <string.h>

enum { FORMAT_MOST = 64, NAME_MOST = 1 << 16 };

struct node {
    uint32_t format_len, name_len, nullable, n_children;
};

static size_t pad8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static int append_padded(struct rt_buf *out, const void *p, size_t n)
{
    static const char zeros[8];
    int r = rt_buf_append(out, p, n);
    return r ? r : rt_buf_append(out, zeros, pad8(n) - n);
}

int rt_type_pack(const struct rt_datatype *t, struct rt_buf *out)
{
    char format[FORMAT_MOST];
    const char *name = t->name ? t->name : "";
    struct node node = {(uint32_t)rt_datatype_format(t, format, sizeof format), (uint32_t)strlen(name), t->nullable, t->n_children};
    int r = rt_buf_append(out, &node, sizeof node);
    r = r ? r : append_padded(out, format, node.format_len);
    r = r ? r : append_padded(out, name, node.name_len);
    for (uint32_t i = 0; !r && i < t->n_children; i++)
        r = rt_type_pack(t->children[i], out);
    return r;
}

/* ---------------------------------------------------------------- back */

struct cursor {
    const uint8_t *p, *end;
    uint32_t nodes;
};

static void no_release(struct ArrowSchema *s)
{
    s->release = NULL;
}

static void schema_free(struct ArrowSchema *s)
{
    for (int64_t i = 0; s->children && i < s->n_children; i++)
        if (s->children[i]) {
            schema_free(s->children[i]);
            free(s->children[i]);
        }
    free(s->children);
    free((char *)(uintptr_t)s->format);
    free((char *)(uintptr_t)s->name);
}

/* A copy with a NUL. *ret NULL without memory. Return: false when there are not so many bytes, or a NUL is among them. */
static bool take_text(struct cursor *c, uint32_t n, const char **ret)
{
    if (pad8(n) > (size_t)(c->end - c->p) || memchr(c->p, 0, n))
        return false;
    *ret = strndup((const char *)c->p, n);
    c->p += pad8(n);
    return true;
}

static int read_node(struct cursor *c, uint32_t depth, struct ArrowSchema *s)
{
    struct node node;
    int r = 0;
    *s = (struct ArrowSchema){.release = no_release};
    if (depth > RT_DATATYPE_DEPTH || c->nodes++ >= RT_DATATYPE_NODES || (size_t)(c->end - c->p) < sizeof node)
        return -EBADMSG;
    memcpy(&node, c->p, sizeof node);
    c->p += sizeof node;
    if (node.format_len >= FORMAT_MOST || node.name_len > NAME_MOST || node.n_children > (size_t)(c->end - c->p) / sizeof node ||
        !take_text(c, node.format_len, &s->format) || !take_text(c, node.name_len, &s->name))
        return -EBADMSG;
    s->flags = node.nullable ? ARROW_FLAG_NULLABLE : 0;
    s->children = node.n_children ? calloc(node.n_children, sizeof *s->children) : NULL;
    if (!s->format || !s->name || (node.n_children && !s->children))
        return -ENOMEM;
    s->n_children = node.n_children;
    for (uint32_t i = 0; !r && i < node.n_children; i++) {
        s->children[i] = calloc(1, sizeof *s);
        r = s->children[i] ? read_node(c, depth + 1, s->children[i]) : -ENOMEM;
    }
    return r;
}

int rt_type_unpack(const void *bytes, size_t len, struct rt_datatype **ret, struct rt_error *err)
{
    struct cursor c = {bytes, (const uint8_t *)bytes + len, 0};
    struct ArrowSchema s;
    int r = read_node(&c, 0, &s);
    if (!r && c.p != c.end)
        r = -EBADMSG;
    if (r)
        rt_error_set(err, r, "not a type: %s", strerror(-r));
    else
        r = rt_datatype_import(&s, ret, err);
    schema_free(&s);
    return r;
}
