#include "glob.h"

/* Where to go on when what follows a star did not match: the star then takes more. */
struct retry {
    const char *glob, *path; /* glob NULL = there is no star */
    bool folders;            /* of "**" with a '/': it takes whole folders */
};

/* The set that begins at @g. Return: its last byte, NULL = it is none; *ret_hit: @c is in it. */
static const char *in_set(const char *g, const char *end, char c, bool *ret_hit)
{
    bool not = ++g < end && (*g == '!' || *g == '^'), hit = false;
    g += not;
    for (const char *first = g; g < end; g++) {
        if (*g == ']' && g > first) {
            *ret_hit = hit != not && c != '/';
            return g;
        }
        bool range = end - g > 3 && g[1] == '-' && g[2] != ']';
        hit |= range ? *g <= c && c <= g[2] : *g == c;
        g += range ? 2 : 0;
    }
    return NULL;
}

/* Matches one character of the path. Return: behind its pattern, NULL = it does not match. */
static const char *one(const char *g, const char *end, char c)
{
    bool hit = false;
    const char *last = *g == '[' ? in_set(g, end, c, &hit) : NULL;
    if (last)
        return hit ? last + 1 : NULL;
    return (*g == '?' ? c != '/' : *g == c) ? g + 1 : NULL;
}

static bool take_more(struct retry *r)
{
    if (!r->glob || !*r->path)
        return false;
    while (r->folders && *r->path && *r->path != '/')
        r->path++;
    return *r->path++ != 0;
}

/* Whatever a star before the last "**" could take, that one could take as well: two places to go back to are enough. */
static bool match(const char *g, const char *end, const char *p, struct retry deep)
{
    struct retry star = {0};
    for (;;) {
        if (g < end && *g == '*') {
            bool two = end - g > 1 && g[1] == '*', folders = two && end - g > 2 && g[2] == '/';
            g += folders ? 3 : two ? 2 : 1;
            if (two)
                deep = (struct retry){g, p, folders};
            star = two ? (struct retry){0} : (struct retry){g, p, false};
            continue;
        }
        if (g == end && !*p)
            return true;
        const char *next = g < end && *p ? one(g, end, *p) : NULL;
        if (next) {
            g = next;
            p++;
        } else if (star.glob && *star.path && *star.path != '/') {
            g = star.glob;
            p = ++star.path;
        } else if (take_more(&deep)) {
            g = deep.glob;
            p = deep.path;
            star = (struct retry){0};
        } else {
            return false;
        }
    }
}

bool rt_glob_match(const char *glob, size_t n, const char *path)
{
    if (*path != '/' || !n)
        return false;
    if (*glob == '/')
        return match(glob, glob + n, path, (struct retry){0});
    return match(glob, glob + n, path + 1, (struct retry){glob, path + 1, true});
}

bool rt_globs_match(const char *list, const char *path)
{
    for (const char *end; *list; list = end + (*end == ',')) {
        end = list;
        while (*end && *end != ',')
            end++;
        if (rt_glob_match(list, (size_t)(end - list), path))
            return true;
    }
    return false;
}
