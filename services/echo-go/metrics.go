package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// durationBuckets are the contract's: a histogram's buckets can be compared between
// services only if they are the same.
var durationBuckets = []float64{
	.0001, .00025, .0005, .001, .0025, .005, .01, .025,
	.05, .1, .25, .5, 1, 2.5, 5, 10,
}

type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests answered.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from a request's headers to its answer.",
			Buckets: durationBuckets,
		}, []string{"route"}),
	}
	m.registry.MustRegister(
		m.requests,
		m.duration,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
			collectors.MetricsGC, collectors.MetricsScheduler)),
	)
	return m
}

// routeMetrics are one route's children, looked up once. So is the counter of its usual
// answer, status 200 to usualMethod; only the others pay for a look-up by labels.
type routeMetrics struct {
	requests    *prometheus.CounterVec
	usualMethod string
	usual       prometheus.Counter
	duration    prometheus.Observer
}

func (m *metrics) forRoute(label, usualMethod string) *routeMetrics {
	requests := m.requests.MustCurryWith(prometheus.Labels{"route": label})
	return &routeMetrics{
		requests:    requests,
		usualMethod: usualMethod,
		usual:       requests.WithLabelValues(usualMethod, "200"),
		duration:    m.duration.WithLabelValues(label),
	}
}

func (rm *routeMetrics) observe(method string, status int, took time.Duration) {
	if status == http.StatusOK && method == rm.usualMethod {
		rm.usual.Inc()
	} else {
		rm.requests.WithLabelValues(methodLabel(method), strconv.Itoa(status)).Inc()
	}
	rm.duration.Observe(took.Seconds())
}

// methodLabel keeps the number of series bounded: a method is the client's to invent.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "other"
}
