#include "run/scrape.h"

#include "base/clock.h"
#include "run/fetch.h"

/* As Prometheus 3 asks, without protobuf and without compression. */
#define ACCEPT                                                                           \
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"             \
    "application/openmetrics-text;version=1.0.0;q=0.5,"                                  \
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"                               \
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.1"

enum { REQUEST_MAX_BYTES = 16 << 10 };

static bool ask(const struct target *target, struct str path, int64_t timeout_ns,
                struct fetched *head, struct buf *text, struct error *err)
{
    struct buf request;
    buf_init(&request, REQUEST_MAX_BYTES);
    buf_add_text(&request, "GET ");
    buf_add(&request, path);
    buf_add_text(&request, " HTTP/1.1\r\nHost: ");
    buf_add(&request, target->url.host);
    buf_add_text(&request, "\r\nAccept: " ACCEPT "\r\nAccept-Encoding: identity\r\n"
                           "User-Agent: dragstrip\r\nConnection: close\r\n\r\n");
    bool good = request.overflow ? error_set(err, "the URL is too long")
                                 : fetch_exchange(target, buf_str(&request), false,
                                                  timeout_ns, head, text, err);
    buf_fini(&request);
    return good;
}

static bool check_status(const struct fetched *head, struct error *err)
{
    if (head->status == 200)
        return true;
    if (head->status >= 300 && head->status < 400 && head->location[0])
        return error_set(err, "it answers %d and points to %s: give that URL",
                         head->status, head->location);
    if (head->status == 401 || head->status == 403)
        return error_set(err,
                         "it answers %d: the page is not for everyone, and "
                         "dragstrip has no name and password to give",
                         head->status);
    return error_set(err, "it answers %d instead of a page", head->status);
}

static bool check_encoding(const struct fetched *head, struct error *err)
{
    struct str encoding = str_of(head->encoding);
    return encoding.len == 0 || str_eq_nocase(encoding, STR("identity")) ||
           error_set(err,
                     "the page comes encoded as %s although it was asked for as it "
                     "is: let the service send it plain",
                     head->encoding);
}

static bool read_page(struct scrape *scrape, const struct fetched *head,
                      struct error *err)
{
    enum prom_format format;
    struct str text = buf_str(&scrape->text);
    if (text.len == 0)
        return error_set(err, "the page is empty");
    if (!prom_format_of(str_of(head->media_type), text, &format))
        return error_set(err, "it is no page of metrics but %s", head->media_type);
    return page_read(&scrape->page, text, format, err) ||
           error_prefix(err, "the page is not to be read as %s: ",
                        format == PROM_OPENMETRICS ? "OpenMetrics" : "Prometheus text");
}

bool scrape_page(struct scrape *scrape, const struct target *target, struct str path,
                 int64_t timeout_ns, struct error *err)
{
    struct fetched head;
    *scrape = (struct scrape){.at_ns = 0};
    buf_init(&scrape->text, SCRAPE_MAX_BYTES);
    int64_t asked_ns = clock_now_ns();
    bool good = ask(target, path, timeout_ns, &head, &scrape->text, err) &&
                check_status(&head, err) && check_encoding(&head, err) &&
                read_page(scrape, &head, err);
    scrape->at_ns = asked_ns + (clock_now_ns() - asked_ns) / 2;
    if (!good)
        scrape_fini(scrape);
    return good;
}

void scrape_fini(struct scrape *scrape)
{
    page_fini(&scrape->page);
    buf_fini(&scrape->text);
    *scrape = (struct scrape){.at_ns = 0};
}
