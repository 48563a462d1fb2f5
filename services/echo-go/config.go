package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
)

const (
	defaultListen    = "127.0.0.1:8080"
	maxResponseBytes = 64 << 20
	maxWorkers       = 4096
)

const usage = `usage: echo-go [--listen HOST:PORT] [--response-bytes N] [--workers N]

Answers POST /echo with the JSON document it was sent. Also GET /metrics and GET /healthz.

  --listen HOST:PORT   address to listen on; port 0 takes a free one
                       (ECHO_LISTEN; default 127.0.0.1:8080)
  --response-bytes N   pad each reply to N bytes; 0 pads nothing
                       (ECHO_RESPONSE_BYTES; default 0)
  --workers N          threads that run Go code at the same time, as GOMAXPROCS
                       (ECHO_WORKERS; default: GOMAXPROCS, else the CPUs it may run on)
  --help               print this and exit

A flag wins over its environment variable. GOGC and GOMEMLIMIT work as in any Go program.
`

type config struct {
	listen        string
	responseBytes int
	workers       int // 0: what the runtime chose
}

// envOf names the variable that stands in for a flag that was not given.
var envOf = map[string]string{
	"listen":         "ECHO_LISTEN",
	"response-bytes": "ECHO_RESPONSE_BYTES",
	"workers":        "ECHO_WORKERS",
}

// parseConfig reads the flags, then the environment for those not given. An empty
// variable counts as unset, as compose files and unit files have it.
func parseConfig(args []string, lookupEnv func(string) (string, bool)) (config, error) {
	cfg := config{listen: defaultListen}
	fs := flagSet(&cfg)
	if err := fs.Parse(args); err != nil {
		return config{}, err
	}
	if fs.NArg() > 0 {
		return config{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if err := setFromEnv(fs, lookupEnv); err != nil {
		return config{}, err
	}
	return cfg, nil
}

func flagSet(cfg *config) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // main prints the error, in one line
	fs.Func("listen", "", func(s string) error {
		cfg.listen = s
		return checkAddress(s)
	})
	fs.Func("response-bytes", "", intBetween(&cfg.responseBytes, 0, maxResponseBytes))
	fs.Func("workers", "", intBetween(&cfg.workers, 1, maxWorkers))
	return fs
}

func setFromEnv(fs *flag.FlagSet, lookupEnv func(string) (string, bool)) error {
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		env := envOf[f.Name]
		value, _ := lookupEnv(env)
		if err != nil || given[f.Name] || value == "" {
			return
		}
		if bad := f.Value.Set(value); bad != nil {
			err = fmt.Errorf("invalid value %q for %s: %w", value, env, bad)
		}
	})
	return err
}

func intBetween(dst *int, low, high int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return fmt.Errorf("not an integer from %d to %d", low, high)
		}
		*dst = n
		return nil
	}
}

// checkAddress finds spelling errors, which are the user's. Whether the address exists
// and is free only listening can tell.
func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("not of the form HOST:PORT")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port is not a number from 0 to 65535")
	}
	return nil
}
