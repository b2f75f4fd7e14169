/* The grammar is that of the official parser: a scheme of its own in front of a WHATWG URL of scheme http or https. */
#include "recording/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"

static const char no_scheme[] = "Invalid or missing scheme (expected one of: `rerun://`, `rerun+http://`, `rerun+https://`)";

static bool contains(struct rt_slice s, const char *what)
{
    return s.n && memmem(s.p, s.n, what, strlen(what));
}

static bool skip(struct rt_slice *s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (s->n < n || memcmp(s->p, prefix, n))
        return false;
    *s = rt_slice(s->p + n, s->n - n);
    return true;
}

/* "rerun http" is a '+' that some decoder turned into a blank. */
static const char *take_scheme(struct rt_slice *s, bool *ret_tls)
{
    static const struct {
        const char *text;
        bool tls;
    } schemes[] = {{"rerun+http://", false}, {"rerun http://", false}, {"rerun+https://", true}, {"rerun https://", true},
                   {"rerun://", true}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (skip(s, schemes[i].text)) {
            *ret_tls = schemes[i].tls;
            return NULL;
        }
    *ret_tls = !contains(*s, "localhost") && !contains(*s, "127.0.0.1");
    return contains(*s, "://") || (*ret_tls && !contains(*s, "rerun.io")) ? no_scheme : NULL;
}

/* The part in front of the first of @ends; *s goes on with that character. */
static struct rt_slice take_until(struct rt_slice *s, const char *ends)
{
    size_t i = 0;
    while (i < s->n && !strchr(ends, s->p[i]))
        i++;
    struct rt_slice head = {s->p, i};
    *s = rt_slice(s->p + i, s->n - i);
    return head;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Decodes %XX and lowers ASCII. Other than ASCII stays: what it means is the resolver's matter. */
static const char *copy_host(struct rt_slice s, struct rt_proxy_url *ret)
{
    static const char bad[] = "invalid international domain name";
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return bad;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        }
        if (c <= ' ' || c == 0x7F || strchr("#/:<>?@[\\]^|%", c))
            return bad;
        if (n + 1 >= sizeof ret->host)
            return "a host name longer than 255 bytes";
        ret->host[n++] = (char)(c < 0x80 ? tolower(c) : c);
    }
    ret->host[n] = 0;
    return n ? NULL : "empty host";
}

/* A host whose last part is a number must be an IPv4 address; short and hexadecimal forms count. */
static const char *check_ipv4(struct rt_proxy_url *u)
{
    struct in_addr address;
    size_t n = strlen(u->host);
    n -= n && u->host[n - 1] == '.';
    size_t last = n;
    while (last && u->host[last - 1] != '.')
        last--;
    if (last == n || !isdigit((unsigned char)u->host[last]) ||
        (strspn(u->host + last, "0123456789") != n - last && strncmp(u->host + last, "0x", 2)))
        return NULL;
    if (!inet_aton(u->host, &address))
        return "invalid IPv4 address";
    inet_ntop(AF_INET, &address, u->host, sizeof u->host);
    return NULL;
}

static const char *take_ipv6(struct rt_slice *s, struct rt_proxy_url *ret)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    struct rt_slice host = take_until(s, "]");
    if (!s->n || host.n - 1 >= sizeof text)
        return "invalid IPv6 address";
    memcpy(text, host.p + 1, host.n - 1);
    text[host.n - 1] = 0;
    if (inet_pton(AF_INET6, text, &address) != 1)
        return "invalid IPv6 address";
    inet_ntop(AF_INET6, &address, ret->host, sizeof ret->host);
    *s = rt_slice(s->p + 1, s->n - 1);
    return NULL;
}

/* HOST[:PORT]; *ret_port stays when there is none. */
static const char *take_authority(struct rt_slice s, struct rt_proxy_url *ret, uint64_t *ret_port)
{
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL; /* credentials: accepted and not used, as officially */
    if (at)
        s = rt_slice(at + 1, s.n - (size_t)(at + 1 - s.p));
    const char *why = NULL;
    if (s.n && s.p[0] == '[') {
        why = take_ipv6(&s, ret);
    } else {
        struct rt_slice host = take_until(&s, ":");
        why = copy_host(host, ret);
        why = why ? why : check_ipv4(ret);
    }
    if (why || !s.n)
        return why;
    if (s.p[0] != ':' || (s.n > 1 && !rt_slice_number(rt_slice(s.p + 1, s.n - 1), UINT16_MAX, ret_port)))
        return "invalid port number";
    return NULL;
}

/* Is the path "proxy", empty parts aside? Else *ret_first is its first part and *ret_more tells of others. */
static bool is_proxy(struct rt_slice path, struct rt_slice *ret_first, bool *ret_more)
{
    *ret_first = rt_slice("", 0);
    *ret_more = false;
    while (path.n) {
        path = rt_slice(path.p + 1, path.n - 1);
        struct rt_slice part = take_until(&path, "/\\");
        if (part.n && ret_first->n)
            *ret_more = true;
        else if (part.n)
            *ret_first = part;
    }
    return rt_slice_is(*ret_first, "proxy") && !*ret_more;
}

static bool is_local(const char *host)
{
    return !strcmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "::1") || !strcmp(host, "0.0.0.0") ||
        !strcmp(host, "::");
}

static void fill_port(struct rt_proxy_url *u, uint64_t port)
{
    u->port = port ? (uint16_t)port : is_local(u->host) ? RT_PROXY_DEFAULT_PORT : u->tls ? 443 : 80;
    if (!strcmp(u->host, "0.0.0.0") || !strcmp(u->host, "::"))
        strcpy(u->host, "127.0.0.1");
}

static int refuse(struct rt_error *err, struct rt_slice url, const char *why)
{
    return rt_error_set(err, -EINVAL, "invalid endpoint \"%.*s\": %s", (int)(url.n < 300 ? url.n : 300), url.p, why);
}

static int refuse_path(struct rt_error *err, struct rt_slice url, struct rt_slice first)
{
    char why[128];
    static const char *const others[] = {"", "catalog", "entry", "folder", "dataset"}; /* official, but no proxies */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (rt_slice_is(first, others[i]))
            return refuse(err, url, "not a `/proxy` endpoint");
    snprintf(why, sizeof why, "Unexpected URI:: %.*s/", (int)(first.n < 100 ? first.n : 100), first.p);
    return refuse(err, url, why);
}

int rt_proxy_url_parse(const char *text, size_t n, struct rt_proxy_url *ret, struct rt_error *err)
{
    struct rt_proxy_url u = {0};
    struct rt_slice all = {text, n}, s = all, first;
    uint64_t port = 0;
    bool more;
    const char *why = take_scheme(&s, &u.tls);
    if (why)
        return refuse(err, all, why);
    struct rt_slice rest = take_until(&s, "?#"); /* query and fragment: not looked at */
    struct rt_slice authority = take_until(&rest, "/\\");
    if ((why = take_authority(authority, &u, &port)))
        return refuse(err, all, why);
    if (!is_proxy(rest, &first, &more))
        return refuse_path(err, all, first);
    fill_port(&u, port);
    *ret = u;
    return 0;
}
