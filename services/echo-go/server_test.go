package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const doc = `{"id":1,"user_agent":"a","metadata":["b"]}`

// post is a whole request.
var post = head("POST", "/echo", fmt.Sprintf("Content-Length: %d", len(doc))) + doc

func head(method, path string, headers ...string) string {
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: x"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func TestAnswers(t *testing.T) {
	addr, _ := start(t)
	tests := map[string]struct {
		request string
		status  int
		header  string // which must have the value
		value   string
	}{
		"echo":         {post, 200, "Content-Type", "application/json"},
		"bad document": {head("POST", "/echo", "Content-Length: 2") + "{]", 400, "Content-Type", "application/json"},
		"at the limit": {head("POST", "/echo", "Content-Length: 1048576") + doc + strings.Repeat(" ", 1<<20-len(doc)),
			200, "Content-Type", "application/json"},
		"healthz":      {head("GET", "/healthz"), 200, "Content-Length", "2"},
		"unknown path": {head("GET", "/echo/"), 404, "Content-Type", "application/json"},
		"unclean path": {head("GET", "//echo"), 404, "Content-Type", "application/json"},
		"no path":      {head("OPTIONS", "*"), 404, "Content-Type", "application/json"},
		"GET echo":     {head("GET", "/echo"), 405, "Allow", "POST"},
		"BREW metrics": {head("BREW", "/metrics"), 405, "Allow", "GET, HEAD"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := dial(t, addr)
			send(t, c, tt.request)
			res := receive(t, c)
			if res.StatusCode != tt.status || res.Header.Get(tt.header) != tt.value || res.Close {
				t.Errorf("status %d, %s %q, close %v; want %d, %q, false", res.StatusCode,
					tt.header, res.Header.Get(tt.header), res.Close, tt.status, tt.value)
			}
		})
	}
}

// The body of a request that is too long need not be sent for it to be refused.
func TestTooLong(t *testing.T) {
	addr, _ := start(t)
	for name, request := range map[string]string{
		"declared":  head("POST", "/echo", "Content-Length: 1048577"),
		"expecting": head("POST", "/echo", "Content-Length: 1048577", "Expect: 100-continue"),
		"chunked":   head("POST", "/echo", "Transfer-Encoding: chunked") + "100001\r\n" + strings.Repeat(" ", 1<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, addr)
			send(t, c, request)
			expectLast(t, c, http.StatusRequestEntityTooLarge)
		})
	}
}

func TestMetrics(t *testing.T) {
	addr, _ := start(t)
	c := dial(t, addr)
	send(t, c, post)
	receive(t, c)
	send(t, c, head("BREW", "/%78"))
	receive(t, c)
	send(t, c, head("GET", "/metrics"))
	text := "\n" + receive(t, c).body
	for _, want := range []string{
		"http_requests_total{method=\"POST\",route=\"/echo\",status=\"200\"} 1\n",
		"http_requests_total{method=\"other\",route=\"other\",status=\"404\"} 1\n",
		`http_request_duration_seconds_bucket{route="/echo",le="0.00025"} `,
		"go_gc_duration_seconds_count ", "go_sched_pauses_total_gc_seconds_bucket",
		"process_cpu_seconds_total ", "process_resident_memory_bytes ",
		"process_start_time_seconds ", "process_open_fds ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %q", want)
		}
	}
}

// A drain closes what waits, at once, and answers what was begun.
func TestDrain(t *testing.T) {
	addr, drain := start(t)
	half, rest := "GET /healthz HTTP/1.1\r\nHo", "st: x\r\n\r\n"
	unused, idle := dial(t, addr), dial(t, addr)
	send(t, idle, post)
	receive(t, idle)
	inBody, inHeader, inHeaderAgain := dial(t, addr), dial(t, addr), dial(t, addr)
	send(t, inBody, post[:len(post)-1])
	send(t, inHeader, half)
	send(t, inHeaderAgain, post)
	receive(t, inHeaderAgain)
	send(t, inHeaderAgain, half)
	time.Sleep(50 * time.Millisecond) // for the server to read those

	drained := drain()
	expectClosed(t, unused, time.Second)
	expectClosed(t, idle, time.Second)
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("still accepting")
	}
	send(t, inBody, post[len(post)-1:])
	expectLast(t, inBody, http.StatusOK)
	send(t, inHeader, rest)
	expectLast(t, inHeader, http.StatusServiceUnavailable)
	send(t, inHeaderAgain, rest)
	expectLast(t, inHeaderAgain, http.StatusServiceUnavailable)
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

// A head that stalls is not a request, so it is not answered.
func TestStalledHead(t *testing.T) {
	s := newServer(config{})
	s.http.ReadTimeout = 50 * time.Millisecond
	addr, _ := startServer(t, s)
	for _, cut := range []string{"POST", "POST /echo HTTP/1.1", "POST /echo HTTP/1.1\r\nHost"} {
		for _, before := range []string{"", post} {
			t.Run(fmt.Sprintf("%q after %d bytes", cut, len(before)), func(t *testing.T) {
				c := dial(t, addr)
				send(t, c, before)
				if before != "" {
					receive(t, c)
				}
				send(t, c, cut)
				expectClosed(t, c, time.Second)
			})
		}
	}
}

// start serves on a free port. The function it returns begins a drain and gives its
// end.
func start(t *testing.T) (addr string, drainNow func() <-chan error) {
	t.Helper()
	return startServer(t, newServer(config{}))
}

func startServer(t *testing.T, s *server) (addr string, drainNow func() <-chan error) {
	t.Helper()
	ln, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.serve(ln) }()
	t.Cleanup(func() { s.http.Close() })
	return ln.Addr().String(), func() <-chan error {
		drained := make(chan error, 1)
		s.startDrain()
		ln.Close()
		<-served
		go func() { drained <- s.finishDrain(context.Background()) }()
		return drained
	}
}

type received struct {
	*http.Response
	body string
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(5 * time.Second))
	return c
}

func send(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// receive reads one answer. A "100 Continue" would be read as the answer and so be
// noticed.
func receive(t *testing.T, c net.Conn) received {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return received{res, string(body)}
}

func expectLast(t *testing.T, c net.Conn, status int) {
	t.Helper()
	res := receive(t, c)
	if res.StatusCode != status || !res.Close {
		t.Errorf("status %d, close %v; want %d, true", res.StatusCode, res.Close, status)
	}
	expectClosed(t, c, time.Second)
}

func expectClosed(t *testing.T, c net.Conn, within time.Duration) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(within))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes, %v; want the connection closed", n, err)
	}
}
