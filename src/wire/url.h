/*
 * url: what `http://HOST[:PORT][/PATH]`, `https://…` and `http://unix:/SOCKET:[/PATH]`
 * say (RFC 3986; the form for Unix sockets is nginx's). Views of the text that was read.
 */
#ifndef DRAGSTRIP_WIRE_URL_H
#define DRAGSTRIP_WIRE_URL_H

#include "base/error.h"
#include "base/str.h"

enum { URL_HOST_MAX = 255 }; /* bytes of a host, with its port */

struct url {
    bool tls;        /* https */
    struct str host; /* as written, with the port: what a Host field says; "localhost" for
                      * a Unix socket */
    struct str name; /* without brackets and port; empty for a Unix socket */
    unsigned port;   /* 80 or 443 unless written */
    struct str socket; /* path of the Unix socket, or empty */
    struct str path; /* with the query; "/" when there is none; a fragment is left out */
};

/* The text outlives out. User names and passwords are refused (RFC 9110 4.2.4). */
bool url_parse(const char *text, struct url *out, struct error *err);

#endif
