#include "run/live.h"

#include <pthread.h>

#include "base/mem.h"

struct live {
    pthread_mutex_t mutex; /* of the series */
    struct exposition_series series;
    struct exporter *exporter;
};

static void write_page(void *context, enum exposition_format format, struct buf *out)
{
    struct live *live = context;
    pthread_mutex_lock(&live->mutex);
    const struct exposition exposition = {.series = &live->series, .count = 1};
    exposition_write(&exposition, format, out);
    pthread_mutex_unlock(&live->mutex);
}

struct live *live_start(const char *address, const struct generate_spec *spec,
                        struct error *err)
{
    struct live *live = mem_new(1, sizeof(*live));
    const struct exporter_page page = {live, write_page};
    pthread_mutex_init(&live->mutex, NULL);
    live->series.target = spec->url;
    live->series.offered_rate = generate_mean_rate(spec);
    live->exporter = exporter_start(address, &page, err);
    if (live->exporter)
        return live;
    mem_free(live);
    return NULL;
}

void live_add(struct live *live, const struct figures *figures)
{
    pthread_mutex_lock(&live->mutex);
    figures_add(&live->series.sum, figures);
    pthread_mutex_unlock(&live->mutex);
}

void live_stop(struct live *live)
{
    if (!live)
        return;
    exporter_stop(live->exporter);
    mem_free(live);
}
