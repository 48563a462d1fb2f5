// Command echo-go is dragstrip's JSON echo service in Go: net/http, encoding/json and
// the Prometheus client. CONTRACT.md says what every implementation has to do.
//
// In reading order:
//
//	main.go     the life of the process
//	config.go   flags and environment
//	server.go   from a request to its handler, and what all answers share
//	echo.go     POST /echo: body in, reply out
//	decode.go   the document's rules, which are stricter than encoding/json's
//	metrics.go  the registry behind GET /metrics
//	drain.go    which connections may be closed when the service stops
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// name is the service's name in logs and, with the toolchain's version, in replies.
const name = "go-echo"

// drainTimeout bounds the stop. The server's own time-outs end every request sooner;
// this is for the case that they do not.
const drainTimeout = 25 * time.Second

const (
	exitFailure = 1
	exitUsage   = 2
	exitSignal  = 128 // plus the signal's number, as shells have it
)

func main() {
	cfg, err := parseConfig(os.Args[1:], os.LookupEnv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return
	case err != nil:
		logf("%v; see --help", err)
		os.Exit(exitUsage)
	}
	if err := run(cfg); err != nil {
		logf("%v", err)
		os.Exit(exitFailure)
	}
}

// run serves until a signal arrives and returns nil once everything received before
// it has been answered.
func run(cfg config) error {
	if cfg.workers > 0 {
		runtime.GOMAXPROCS(cfg.workers)
	}
	// Before listening: a signal must find its handler from the moment that a
	// client can find the port.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)

	ln, err := listen(cfg.listen)
	if err != nil {
		return err
	}
	srv := newServer(cfg)
	served := make(chan error, 1)
	go func() { served <- srv.serve(ln) }()
	logf("listening on %v", ln.Addr())

	select {
	case err := <-served:
		return fmt.Errorf("cannot accept connections: %w", err)
	case <-signals:
	}
	go exitOn(signals)
	logf("draining")
	if err := drain(srv, ln, served); err != nil {
		return err
	}
	logf("stopped")
	return nil
}

// exitOn ends the process with the next signal. Giving the signals back their former
// effect would be shorter, but a shell starts its background jobs with SIGINT ignored,
// and then that is its former effect.
func exitOn(signals <-chan os.Signal) {
	code := exitSignal
	if number, ok := (<-signals).(syscall.Signal); ok {
		code += int(number)
	}
	os.Exit(code)
}

// drain stops accepting, then waits for what is still being served. No connection can
// be missed: serve returns only when every accepted one is known to the server.
func drain(srv *server, ln net.Listener, served <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	srv.startDrain()
	ln.Close()
	<-served
	return srv.finishDrain(ctx)
}

// listen turns the ways in which opening the port fails into sentences with a remedy.
func listen(addr string) (*net.TCPListener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return ln.(*net.TCPListener), nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("cannot listen on %s: the port is in use; stop the program that has it or choose another with --listen", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("cannot listen on %s: permission denied; choose a port above 1023 with --listen", addr)
	default:
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", addr, err)
	}
}

// logf writes one line to stderr. The log package is not used because its time stamps
// only double those of whatever collects the output.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, name+": "+format+"\n", args...)
}
