package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	readTimeout  = 5 * time.Second // headers and body together
	writeTimeout = 10 * time.Second
	idleTimeout  = 15 * time.Second
)

// server is the service behind one listener.
type server struct {
	http     http.Server
	conns    connTracker
	draining atomic.Bool

	routes  map[string]*route
	unknown *route

	processedBy string
	paddingTo   int    // bytes that a reply is padded to, 0 for none
	padding     string // x's, enough for any reply
	scratch     sync.Pool
}

// route is what the service does for one path. A table and not http.ServeMux: the mux
// answers an unclean path with a redirect where the contract has a 404, and the table
// gives the metrics their bounded label in the same look-up.
type route struct {
	methods []string
	handle  func(w *response, r *http.Request)
	metrics *routeMetrics
}

func newServer(cfg config) *server {
	m := newMetrics()
	s := &server{
		processedBy: processedBy(),
		paddingTo:   cfg.responseBytes,
		padding:     strings.Repeat("x", cfg.responseBytes),
		unknown:     &route{handle: notFound, metrics: m.forRoute("other", http.MethodGet)},
	}
	scrape := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	s.routes = map[string]*route{
		"/echo": {[]string{http.MethodPost}, s.echo, m.forRoute("/echo", http.MethodPost)},
		"/metrics": {[]string{http.MethodGet, http.MethodHead},
			func(w *response, r *http.Request) { scrape.ServeHTTP(w, r) },
			m.forRoute("/metrics", http.MethodGet)},
		"/healthz": {[]string{http.MethodGet, http.MethodHead}, s.healthz,
			m.forRoute("/healthz", http.MethodGet)},
	}
	s.conns.draining = &s.draining
	s.http = http.Server{
		Handler:      s,
		ReadTimeout:  readTimeout,
		WriteTimeout: writeTimeout,
		IdleTimeout:  idleTimeout,
		ConnState:    s.conns.onState,
		ConnContext:  withConn,
		// So that "OPTIONS *" is counted and answered like any unknown path.
		DisableGeneralOptionsHandler: true,
		// ErrorLog stays: without TLS it tells of panics and of failing to accept,
		// never of what a client sent.
	}
	return s
}

func (s *server) serve(ln *net.TCPListener) error {
	return s.http.Serve(listener{ln})
}

// ServeHTTP routes, answers and counts one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	startHandling(r)
	rt := s.routes[r.URL.Path]
	if rt == nil {
		rt = s.unknown
	}
	res := response{ResponseWriter: w, draining: &s.draining}
	if rt.methods == nil || slices.Contains(rt.methods, r.Method) {
		rt.handle(&res, r)
	} else {
		res.Header().Set("Allow", strings.Join(rt.methods, ", "))
		res.fail(http.StatusMethodNotAllowed, "method not allowed; this path takes "+strings.Join(rt.methods, " and "))
	}
	rt.metrics.observe(r.Method, res.status, time.Since(start))
}

func (s *server) healthz(w *response, _ *http.Request) {
	status, text := http.StatusOK, "ok"
	if s.draining.Load() {
		status, text = http.StatusServiceUnavailable, "draining"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	io.WriteString(w, text)
}

func notFound(w *response, _ *http.Request) {
	w.fail(http.StatusNotFound, "no such path")
}

// response keeps the status for the metrics and tells the client, in an answer that
// leaves while the service drains, not to send another request. It decides that as the
// answer leaves, not as the request comes, because a drain may begin in between.
type response struct {
	http.ResponseWriter
	draining *atomic.Bool
	status   int // 0 until the header is written
}

func (w *response) WriteHeader(status int) {
	if w.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sendJSON answers with a whole body. A failed write means that the client is gone,
// which net/http notices by itself, so nobody is left to tell.
func (w *response) sendJSON(status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// fail answers with an error document.
func (w *response) fail(status int, message string) {
	body, err := json.Marshal(struct {
		Error string `json:"error"`
	}{message})
	if err != nil {
		panic(err) // a string always marshals
	}
	w.sendJSON(status, body)
}
