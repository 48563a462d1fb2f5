package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
)

// Why http.Server.Shutdown is not enough. It drops a request whose headers are still
// being read, it closes an idle connection although a request may already wait in its
// socket, and it gives a connection on which nothing was ever sent five seconds. The
// contract wants all that was received answered and the rest closed at once.
//
// So each connection knows whether it is waiting for a request, and a drain shuts the
// read side of those that are. The kernel still hands out what it has received before
// it reports the end of the stream: a request that was there is served, and where there
// was none net/http sees the client gone and closes. A connection that is not waiting
// is left alone. It ends with its answer, which carries "Connection: close", or with
// one of the server's time-outs.
//
//	state     from                  a byte is read   answered   drain
//	waiting   accept, or answered   busy             -          read side shut
//	busy      a byte was read       busy             waiting    left alone

// listener hands out connections that know their state.
type listener struct {
	*net.TCPListener
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &conn{TCPConn: c}, nil
}

type conn struct {
	*net.TCPConn
	busy     atomic.Bool
	handling atomic.Bool // a request's head was read, its answer is not finished
}

// connKey is the context key of a request's *conn.
type connKey struct{}

func withConn(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, nc)
}

// startHandling notes that the request's head has arrived. StateActive does not tell:
// net/http leaves it out for a request whose first bytes came with the one before.
func startHandling(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.handling.Store(true)
	}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 {
		c.busy.Store(true)
	}
	// A head that stalls ends its connection. net/http means to do so too, but takes a
	// line that was cut off for a whole one and answers 400 to what was never finished.
	if err != nil && !c.handling.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		c.Close()
	}
	return n, err
}

// connTracker knows every open connection.
//
// A connection that turns to waiting and a drain that begins cannot miss each other:
// the one sets its state and then looks for the drain, the other the reverse.
type connTracker struct {
	draining *atomic.Bool
	open     sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// onState is the server's ConnState hook.
func (t *connTracker) onState(nc net.Conn, state http.ConnState) {
	c := nc.(*conn)
	switch state {
	case http.StateNew:
		t.add(c)
	case http.StateClosed:
		t.remove(c)
		return
	case http.StateIdle:
		c.busy.Store(false)
		c.handling.Store(false)
	default:
		return
	}
	if t.draining.Load() {
		c.CloseRead()
	}
}

func (t *connTracker) add(c *conn) {
	t.open.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conns == nil {
		t.conns = make(map[*conn]struct{})
	}
	t.conns[c] = struct{}{}
}

func (t *connTracker) remove(c *conn) {
	t.mu.Lock()
	delete(t.conns, c)
	t.mu.Unlock()
	t.open.Done()
}

// closeWaiting ends the connections that wait for a request.
func (t *connTracker) closeWaiting() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		if !c.busy.Load() {
			c.CloseRead()
		}
	}
}

func (t *connTracker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns)
}

// startDrain lets answers say that the service is about to stop.
func (s *server) startDrain() { s.draining.Store(true) }

// finishDrain waits until all connections are closed. The listener must be closed and
// serve must have returned: then none can be added.
func (s *server) finishDrain(ctx context.Context) error {
	s.conns.closeWaiting()
	done := make(chan struct{})
	go func() {
		s.conns.open.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopped with %d connections still open: %w", s.conns.count(), ctx.Err())
	}
}
