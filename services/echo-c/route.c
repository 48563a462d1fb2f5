#include "route.h"

static const char *const routes[ROUTE_COUNT] = {"/echo", "/metrics", "/healthz", "other"};

static const char *const methods[METHOD_COUNT] = {"GET",    "HEAD",  "POST",    "PUT",
                                                  "DELETE", "PATCH", "OPTIONS", "CONNECT",
                                                  "TRACE",  "other"};

enum route route_of(struct str path)
{
    if (str_eq(path, STR("/echo")))
        return ROUTE_ECHO;
    if (str_eq(path, STR("/metrics")))
        return ROUTE_METRICS;
    if (str_eq(path, STR("/healthz")))
        return ROUTE_HEALTHZ;
    return ROUTE_OTHER;
}

enum method route_method(struct str name)
{
    if (str_eq(name, STR("POST")))
        return METHOD_POST;
    for (int i = 0; i < METHOD_OTHER; i++) {
        if (str_eq(name, str_of(methods[i])))
            return (enum method)i;
    }
    return METHOD_OTHER;
}

const char *route_allow(enum route route)
{
    static const char *const allow[ROUTE_COUNT] = {"POST", "GET, HEAD", "GET, HEAD", ""};
    return allow[route];
}

const char *route_allow_any(void)
{
    return "GET, HEAD, POST, OPTIONS";
}

bool route_allows(enum route route, enum method method)
{
    if (route == ROUTE_ECHO)
        return method == METHOD_POST;
    return route != ROUTE_OTHER && (method == METHOD_GET || method == METHOD_HEAD);
}

const char *route_label(enum route route)
{
    return routes[route];
}

const char *route_method_label(enum method method)
{
    return methods[method];
}
