/* Paths and methods as numbers, and back as labels. */
#include "route.h"

#include "tap.h"

static const struct {
    const char *path;
    enum route route;
} paths[] = {
    {"/echo", ROUTE_ECHO},    {"/metrics", ROUTE_METRICS}, {"/healthz", ROUTE_HEALTHZ},
    {"", ROUTE_OTHER},        {"/", ROUTE_OTHER},          {"/ech", ROUTE_OTHER},
    {"/echo/", ROUTE_OTHER},  {"/echoo", ROUTE_OTHER},     {"//echo", ROUTE_OTHER},
    {"/Echo", ROUTE_OTHER},   {"/ECHO", ROUTE_OTHER},      {"/%65cho", ROUTE_OTHER},
    {"/./echo", ROUTE_OTHER}, {"/echo?a=1", ROUTE_OTHER},  {"echo", ROUTE_OTHER},
    {"/metric", ROUTE_OTHER}, {"/metrics/x", ROUTE_OTHER}, {"/healthZ", ROUTE_OTHER},
    {"*", ROUTE_OTHER},       {"other", ROUTE_OTHER}};

static const struct {
    const char *name;
    enum method method;
} names[] = {
    {"GET", METHOD_GET},         {"HEAD", METHOD_HEAD},       {"POST", METHOD_POST},
    {"PUT", METHOD_PUT},         {"DELETE", METHOD_DELETE},   {"PATCH", METHOD_PATCH},
    {"OPTIONS", METHOD_OPTIONS}, {"CONNECT", METHOD_CONNECT}, {"TRACE", METHOD_TRACE},
    {"get", METHOD_OTHER},       {"Post", METHOD_OTHER},      {"GETS", METHOD_OTHER},
    {"GE", METHOD_OTHER},        {"", METHOD_OTHER},          {"other", METHOD_OTHER},
    {"BREW", METHOD_OTHER}};

static void numbers(void)
{
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        TAP_OK(route_of(str_of(paths[i].path)) == paths[i].route, "'%s' is %s",
               paths[i].path, route_label(paths[i].route));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        TAP_OK(route_method(str_of(names[i].name)) == names[i].method, "'%s' is %s",
               names[i].name, route_method_label(names[i].method));
    TAP_INT(route_of((struct str){"/echo\0", 6}), ROUTE_OTHER, "a NUL is a letter");
}

static void labels(void)
{
    for (int i = 0; i < ROUTE_OTHER; i++)
        TAP_INT(route_of(str_of(route_label((enum route)i))), i, "a path is its label");
    TAP_TEXT(route_label(ROUTE_OTHER), "other", "… others have one label");
    for (int i = 0; i < METHOD_OTHER; i++)
        TAP_INT(route_method(str_of(route_method_label((enum method)i))), i,
                "a method is its label");
    TAP_TEXT(route_method_label(METHOD_OTHER), "other", "… others have one label");
}

/* What Allow says and what is allowed are the same. */
static void allowed(void)
{
    static const char *const texts[ROUTE_COUNT] = {"POST", "GET, HEAD", "GET, HEAD", ""};
    for (int route = 0; route < ROUTE_COUNT; route++) {
        const char *allow = route_allow((enum route)route);
        TAP_TEXT(allow, texts[route], "Allow of a path");
        for (int method = 0; method < METHOD_COUNT; method++) {
            const char *label = route_method_label((enum method)method);
            bool said = strstr(allow, label) != NULL;
            TAP_OK(route_allows((enum route)route, (enum method)method) == said,
                   "%s %s is %sallowed", label, route_label((enum route)route),
                   said ? "" : "not ");
        }
    }
}

/* Each method that some path allows, and OPTIONS, once each. */
static void allowed_anywhere(void)
{
    const char *any = route_allow_any();
    for (int method = 0; method < METHOD_COUNT; method++) {
        const char *label = route_method_label((enum method)method);
        bool somewhere = method == METHOD_OPTIONS;
        for (int route = 0; route < ROUTE_COUNT; route++)
            somewhere |= route_allows((enum route)route, (enum method)method);
        const char *said = strstr(any, label);
        TAP_OK((said != NULL) == somewhere && !(said && strstr(said + 1, label)),
               "%s is %sallowed somewhere", label, somewhere ? "" : "not ");
    }
}

int main(void)
{
    numbers();
    labels();
    allowed();
    allowed_anywhere();
    return tap_done();
}
