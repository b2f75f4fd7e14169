/* URLs and memory limits: accepted and refused as by the official SDK 0.41.0, whose answers to these texts are in the tables. */
#include <errno.h>
#include <unistd.h>

#include "recording/limit.h"
#include "recording/url.h"
#include "tests/harness/test.h"

static const struct {
    const char *url, *host; /* host NULL = refused */
    int port;
    bool tls;
    const char *why; /* part of the message */
} urls[] = {
    {"rerun+http://127.0.0.1:9876/proxy", "127.0.0.1", 9876, false, NULL},
    {"rerun+http://127.0.0.1/proxy", "127.0.0.1", 9876, false, NULL},
    {"rerun://h/proxy", "h", 443, true, NULL},
    {"rerun+https://h:1/proxy", "h", 1, true, NULL},
    {"rerun+http://h/proxy", "h", 80, false, NULL},
    {"127.0.0.1:9876/proxy", "127.0.0.1", 9876, false, NULL},
    {"localhost/proxy", "localhost", 9876, false, NULL},
    {"demo.rerun.io/proxy", "demo.rerun.io", 443, true, NULL},
    {"rerun http://h/proxy", "h", 80, false, NULL},
    {"rerun+http://[::1]/proxy", "::1", 9876, false, NULL},
    {"rerun+http://[::]:5/proxy", "127.0.0.1", 5, false, NULL},
    {"rerun+http://0.0.0.0/proxy", "127.0.0.1", 9876, false, NULL},
    {"rerun+http://h/proxy?x=1#f", "h", 80, false, NULL},
    {"rerun+http://h//proxy/", "h", 80, false, NULL},
    {"rerun+http://h\\proxy", "h", 80, false, NULL},
    {"rerun+http://u:p@h/proxy", "h", 80, false, NULL},
    {"rerun+http://h:/proxy", "h", 80, false, NULL},
    {"rerun+http://1.2.3/proxy", "1.2.0.3", 80, false, NULL},
    {"rerun+http://eX%61mple/proxy", "example", 80, false, NULL},
    {"rerun+http://h\xc3\xa9/proxy", "h\xc3\xa9", 80, false, NULL},
    {"http://127.0.0.1/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {"ws://h/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {"https://rerun.io/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {"RERUN+HTTP://h/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {" rerun+http://h/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {"rerun+http:/h/proxy", NULL, 0, false, "Invalid or missing scheme"},
    {"foo", NULL, 0, false, "Invalid or missing scheme"},
    {"", NULL, 0, false, "Invalid or missing scheme"},
    {"rerun+http://h:99999/proxy", NULL, 0, false, "invalid port number"},
    {"rerun+http://h:12a/proxy", NULL, 0, false, "invalid port number"},
    {"rerun+http://h:9876proxy", NULL, 0, false, "invalid port number"},
    {"rerun+http://::1/proxy", NULL, 0, false, "empty host"},
    {"rerun+http:///proxy", NULL, 0, false, "invalid endpoint"},
    {"rerun+http://a b/proxy", NULL, 0, false, "invalid international domain name"},
    {"rerun+http://h%/proxy", NULL, 0, false, "invalid international domain name"},
    {"rerun+http://[::1/proxy", NULL, 0, false, "invalid IPv6 address"},
    {"rerun+http://[zz]/proxy", NULL, 0, false, "invalid IPv6 address"},
    {"rerun+http://256.1.1.1/proxy", NULL, 0, false, "invalid IPv4 address"},
    {"rerun+http://h/", NULL, 0, false, "not a `/proxy` endpoint"},
    {"127.0.0.1:9876", NULL, 0, false, "not a `/proxy` endpoint"},
    {"rerun+http://h/catalog", NULL, 0, false, "not a `/proxy` endpoint"},
    {"rerun+http://h/proxy/x", NULL, 0, false, "Unexpected URI:: proxy/"},
    {"rerun+http://h/x/y/z", NULL, 0, false, "Unexpected URI:: x/"},
    {"rerun+http://h/PROXY", NULL, 0, false, "Unexpected URI:: PROXY/"},
};

RT_TEST(test_urls_are_read_as_officially)
{
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct rt_proxy_url u = {0};
        struct rt_error err = {0};
        int r = rt_proxy_url_parse(urls[i].url, strlen(urls[i].url), &u, &err);
        if (r != (urls[i].host ? 0 : -EINVAL))
            rt_test_fail(__FILE__, __LINE__, "%s: %d %s", urls[i].url, r, err.message);
        if (!urls[i].host && !strstr(err.message, urls[i].why))
            rt_test_fail(__FILE__, __LINE__, "%s: says %s", urls[i].url, err.message);
        if (urls[i].host && (strcmp(u.host, urls[i].host) || u.port != urls[i].port || u.tls != urls[i].tls))
            rt_test_fail(__FILE__, __LINE__, "%s: %s %d %d", urls[i].url, u.host, u.port, u.tls);
    }
}

RT_TEST(test_a_url_is_no_longer_than_its_length)
{
    struct rt_proxy_url u;
    struct rt_error err;
    char longest[1200] = "rerun+http://";
    CHECK_INT(rt_proxy_url_parse("rerun+http://h/proxyXX", 20, &u, &err), 0);
    CHECK_INT(rt_proxy_url_parse(NULL, 0, &u, &err), -EINVAL);
    memset(longest + strlen(longest), 'h', 1000);
    strcat(longest, "/proxy");
    CHECK_INT(rt_proxy_url_parse(longest, strlen(longest), &u, &err), -EINVAL);
    CHECK(strstr(err.message, "longer than 255 bytes"));
}

static const struct {
    const char *text;
    bool ok;
    uint64_t bytes;
} limits[] = {
    {"1GiB", true, 1u << 30}, {"1 GiB", true, 1u << 30}, {" 1GiB", true, 1u << 30}, {"1.5GB", true, 1500000000}, {"0", true, 0},
    {"0B", true, 0}, {"12B", true, 12}, {"1kB", true, 1000}, {"1TB", true, 1000000000000}, {"1TiB", true, 1ull << 40},
    {".5GB", true, 500000000}, {"5.GB", true, 5000000000}, {"99999999999TB", true, RT_LIMIT_NONE}, {"0%", true, 0},
    {"unlimited", true, RT_LIMIT_NONE}, {"none", true, RT_LIMIT_NONE}, {"max", true, RT_LIMIT_NONE}, {"\xe2\x88\x9e", true, RT_LIMIT_NONE},
    {"0.5B", false, 0}, {"101%", false, 0}, {"-1%", false, 0}, {" 5 % ", false, 0}, {"5 %", false, 0}, {"1024", false, 0},
    {"1gb", false, 0}, {"", false, 0}, {"Max", false, 0}, {"1KB", false, 0}, {"1.2.3GB", false, 0}, {"-1GB", false, 0}, {"%", false, 0},
    {"inf%", false, 0}, {"1_000MB", false, 0}, {"GB", false, 0}, {".GB", false, 0}, {"0x10MB", false, 0},
};

RT_TEST(test_memory_limits_are_read_as_officially)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint64_t bytes = 1;
        struct rt_error err;
        int r = rt_limit_parse(limits[i].text, strlen(limits[i].text), &bytes, &err);
        if (r != (limits[i].ok ? 0 : -EINVAL) || (limits[i].ok && bytes != limits[i].bytes))
            rt_test_fail(__FILE__, __LINE__, "\"%s\": %d, %llu bytes", limits[i].text, r, (unsigned long long)bytes);
    }
}

RT_TEST(test_a_percentage_is_of_the_machine)
{
    uint64_t all, half;
    struct rt_error err;
    CHECK_INT(rt_limit_parse("100%", 4, &all, &err), 0);
    CHECK_INT(rt_limit_parse("50%", 3, &half, &err), 0);
    CHECK_INT(all, (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    CHECK_INT(half, all / 2);
}

RT_TEST(test_a_long_text_is_no_limit)
{
    char text[500];
    uint64_t bytes;
    struct rt_error err;
    memset(text, '1', sizeof text);
    CHECK_INT(rt_limit_parse(text, sizeof text, &bytes, &err), -EINVAL);
}
