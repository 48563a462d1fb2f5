package main

import (
	"errors"
	"flag"
	"testing"
)

func TestParseConfig(t *testing.T) {
	env := map[string]string{"ECHO_LISTEN": "[::1]:9", "ECHO_RESPONSE_BYTES": "2048", "ECHO_WORKERS": ""}
	tests := []struct {
		args []string
		env  map[string]string
		want config
	}{
		{nil, nil, config{"127.0.0.1:8080", 0, 0}},
		{nil, env, config{"[::1]:9", 2048, 0}},
		{[]string{"--listen", "127.0.0.1:0", "--response-bytes=1", "-workers", "2"}, env, config{"127.0.0.1:0", 1, 2}},
		// A variable that is not used is not judged.
		{[]string{"--workers", "2"}, map[string]string{"ECHO_WORKERS": "x"}, config{"127.0.0.1:8080", 0, 2}},
	}
	for _, tt := range tests {
		got, err := parseConfig(tt.args, lookupIn(tt.env))
		if err != nil || got != tt.want {
			t.Errorf("%v %v: got %+v, %v; want %+v", tt.args, tt.env, got, err, tt.want)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	tests := []struct {
		args []string
		env  map[string]string
		want string
	}{
		{[]string{"--workers", "0"}, nil, `invalid value "0" for flag -workers: not an integer from 1 to 4096`},
		{[]string{"--response-bytes", "1k"}, nil, `invalid value "1k" for flag -response-bytes: not an integer from 0 to 67108864`},
		{[]string{"--listen", "8080"}, nil, `invalid value "8080" for flag -listen: not of the form HOST:PORT`},
		{[]string{"--listen", "a:65536"}, nil, `invalid value "a:65536" for flag -listen: the port is not a number from 0 to 65535`},
		{[]string{"--port", "1"}, nil, `flag provided but not defined: -port`},
		{[]string{"serve"}, nil, `unexpected argument "serve"`},
		{nil, map[string]string{"ECHO_WORKERS": "-1"}, `invalid value "-1" for ECHO_WORKERS: not an integer from 1 to 4096`},
	}
	for _, tt := range tests {
		_, err := parseConfig(tt.args, lookupIn(tt.env))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%v %v:\n got %v\nwant %s", tt.args, tt.env, err, tt.want)
		}
	}
	if _, err := parseConfig([]string{"--help"}, lookupIn(nil)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		value, ok := env[key]
		return value, ok
	}
}
