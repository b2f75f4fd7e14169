/* URLs of a message proxy, as the official SDK reads them: rerun+http://HOST[:PORT]/proxy. */
#ifndef RT_RECORDING_URL_H
#define RT_RECORDING_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RT_PROXY_DEFAULT_PORT 9876
#define RT_PROXY_DEFAULT_URL  "rerun+http://127.0.0.1:9876/proxy"

struct rt_proxy_url {
    char host[256]; /* name or address, without brackets; 0.0.0.0 and :: are 127.0.0.1 */
    uint16_t port;
    bool tls;
};

/* Parses @n bytes of @text. Return: 0, -EINVAL with the official text in @err. */
int rt_proxy_url_parse(const char *text, size_t n, struct rt_proxy_url *ret, struct rt_error *err);

#endif
