/*
 * bad_plans: for each way in which a plan can be wrong its text, and the line and the
 * sentence with which it must be refused. Used by run_plan_test.c.
 */
#ifndef DRAGSTRIP_TESTS_BAD_PLANS_H
#define DRAGSTRIP_TESTS_BAD_PLANS_H

#include "plans.h"

static const struct bad not_a_plan[] = {
    {"", 0, "the plan is empty"},
    {"# only a comment\n", 0, "the plan is empty"},
    {"services: [a\n", 2, "this is not YAML: did not find expected ',' or ']'…"},
    {"a: b: c\n", 1, "this is not YAML: mapping values are not allowed…"},
    {"load:\n\trate: 1\n", 2, "this is not YAML: …"},
    {"- a\n", 1, "the plan must be a mapping of keys to values"},
    {"just text\n", 1, "the plan must be a mapping of keys to values"},
    {"[a]: b\n", 1, "a key of the plan is not a plain word"}};

static const struct bad unknown_keys[] = {
    {SERVICE LOAD "lod: 1\n", 6, "unknown key 'lod' in the plan; did you mean 'load'?"},
    {SERVICE LOAD "colour: 1\n", 6, "unknown key 'colour' in the plan"},
    {SERVICE "    comand: x\n" LOAD, 4,
     "unknown key 'comand' in service a; did you mean 'command'?"},
    {SERVICE "    colour: x\n" LOAD, 4, "unknown key 'colour' in service a"},
    {SERVICE "load:\n  rte: 10\n", 5, "unknown key 'rte' in load; did you mean 'rate'?"},
    {SERVICE LOAD "  colour: red\n", 6, "unknown key 'colour' in load"},
    {SERVICE LOAD "  conectons: 1\n", 6,
     "unknown key 'conectons' in load; did you mean 'connections'?"},
    {SERVICE LOAD "  conctons: 1\n", 6, "unknown key 'conctons' in load"},
    {SERVICE LOAD "design:\n  seeed: 1\n", 7,
     "unknown key 'seeed' in design; did you mean 'seed'?"},
    {SERVICE LOAD "design:\n  colour: 1\n", 7, "unknown key 'colour' in design"},
    {SERVICE LOAD "design:\n  margins:\n    tial: 1%\n", 8,
     "unknown key 'tial' in margins; did you mean 'tail'?"},
    {SERVICE LOAD "design:\n  margins:\n    p50: 1%\n", 8,
     "unknown key 'p50' in margins"},
    {SERVICE LOAD "limits:\n  error: 1%\n", 7,
     "unknown key 'error' in limits; did you mean 'errors'?"},
    {SERVICE LOAD "limits:\n  steap: 1%\n", 7,
     "unknown key 'steap' in limits; did you mean 'steal'?"},
    {SERVICE LOAD "limits:\n  memory: 1%\n", 7, "unknown key 'memory' in limits"},
    {SERVICE LOAD "cpus:\n  services: 0\n", 7,
     "unknown key 'services' in cpus; did you mean 'service'?"},
    {SERVICE LOAD "cpus:\n  load: 0\n", 7, "unknown key 'load' in cpus"}};

static const struct bad twice[] = {
    {SERVICE LOAD "name: a\nname: b\n", 7, "'name' is given twice in the plan"},
    {SERVICE A_URL LOAD, 4, "'url' is given twice in service a"},
    {SERVICE LOAD "  rate: 10\n", 6, "'rate' is given twice in load"},
    {SERVICE LOAD "  body: a\n  body: b\n", 7, "'body' is given twice in load"},
    {SERVICE LOAD "design:\n  seed: 1\n  seed: 1\n", 8,
     "'seed' is given twice in design"}};

static const struct bad missing[] = {
    {SERVICE, 1, "'load' is missing in the plan"},
    {LOAD, 1, "'services' is missing in the plan"},
    {"services:\n  a:\n    ready: /\n" LOAD, 3, "'url' is missing in service a"},
    {SERVICE "load:\n  threads: 1\n", 5, "'rate' is missing in load"}};

static const struct bad numbers[] = {
    {SERVICE LOAD "  threads: x\n", 6,
     "threads must be a whole number from 1 up, not 'x'"},
    {SERVICE LOAD "  threads: 0\n", 6,
     "threads must be a whole number from 1 up, not '0'"},
    {SERVICE LOAD "  connections: 1.5\n", 6,
     "connections must be a whole number from 1 up, not '1.5'"},
    {SERVICE LOAD "  connections: 11M\n", 6,
     "connections must be a whole number from 1 up, not '11M'"},
    {SERVICE LOAD "  connections: [1]\n", 6, "connections must be a single value"},
    {SERVICE LOAD "  connections:\n", 6,
     "connections must be a single value, and is empty"},
    {SERVICE "load:\n  rate: 0\n", 5,
     "rate: '0' is not a rate; write 500, 20k, 1.5M, burst:…, ramp:…, steps:… or max"},
    {SERVICE "load:\n  rate: fast\n", 5,
     "rate: 'fast' is not a rate; write 500, 20k, 1.5M, burst:…, ramp:…, steps:… or "
     "max"},
    {SERVICE "load:\n  rate: ramp:5k\n", 5,
     "rate: 'ramp:5k' is not a rate over time; write ramp:5k..50k"},
    {SERVICE "load:\n  rate: {a: 1}\n", 5, "rate must be a single value"},
    {SERVICE LOAD "design:\n  seed: -1\n", 7, "seed must be a whole number, not '-1'"},
    {SERVICE LOAD "design:\n  seed: 9223372036854775808\n", 7,
     "seed must be a whole number, not '9223372036854775808'"},
    {SERVICE LOAD "design:\n  seed: [1]\n", 7, "seed must be a single value"},
    {SERVICE LOAD "design:\n  blocks: 201\n", 7, "blocks must not be over 200"},
    {SERVICE LOAD "design:\n  blocks: 0\n", 7,
     "blocks must be a whole number from 1 up, not '0'"}};

static const struct bad times_and_shares[] = {
    {SERVICE LOAD "  duration: 10\n", 6,
     "duration must be a time with its unit, such as 250ms or 10s, not '10'"},
    {SERVICE LOAD "  warmup: soon\n", 6,
     "warmup must be a time with its unit, such as 250ms or 10s, not 'soon'"},
    {SERVICE LOAD "  timeout: [1s]\n", 6, "timeout must be a single value"},
    {SERVICE LOAD "limits:\n  stop: 5%\n", 7,
     "stop must be a time with its unit, such as 250ms or 10s, not '5%'"},
    {SERVICE LOAD "limits:\n  errors: 1\n", 7,
     "errors must be a percentage such as 5%, not '1'"},
    {SERVICE LOAD "limits:\n  steal: 101%\n", 7,
     "steal must be a percentage such as 5%, not '101%'"},
    {SERVICE LOAD "limits:\n  steal: '%'\n", 7,
     "steal must be a percentage such as 5%, not '%'"},
    {SERVICE LOAD "design:\n  margins: {latency: x%}\n", 7,
     "latency must be a percentage such as 5%, not 'x%'"},
    {SERVICE LOAD "design:\n  margins: {tail: [5%]}\n", 7, "tail must be a single value"},
    {SERVICE LOAD "  arrivals: burst\n", 6,
     "arrivals must be constant or poisson, not 'burst'"}};

static const struct bad shapes[] = {
    {SERVICE "load: 10\n", 4, "load must be a mapping of keys to values"},
    {SERVICE LOAD "design: 10\n", 6, "design must be a mapping of keys to values"},
    {SERVICE LOAD "design:\n  margins: 5%\n", 7,
     "margins must be a mapping of keys to values"},
    {SERVICE LOAD "limits: []\n", 6, "limits must be a mapping of keys to values"},
    {SERVICE LOAD "cpus: 0-3\n", 6, "cpus must be a mapping of keys to values"},
    {"services: [a]\n" LOAD, 1, "services must be a mapping of names to services"},
    {"services: {}\n" LOAD, 1, "services is empty"},
    {"services:\n  a:\n" LOAD, 2, "service a must be a mapping of keys to values"},
    {"services:\n  a:\n    url: [x]\n" LOAD, 3, "url must be a single value"},
    {SERVICE LOAD "name: {a: b}\n", 6, "name must be a single value"},
    {SERVICE LOAD "baseline: [a]\n", 6, "baseline must be a single value"},
    {SERVICE LOAD "  headers:\n  - - a\n", 7, "headers must be a single value"},
    {SERVICE LOAD "  body: {a: b}\n", 6, "body must be a list or a single value"},
    {SERVICE LOAD "  method: ''\n", 6, "method must be a single value, and is empty"}};

static const struct bad services[] = {
    {SERVICE "  'b c':\n" A_URL LOAD, 4,
     "'b c' is not a name for a service; use letters, digits, '-', '_' and '.', at most "
     "40 of them"},
    {"services:\n  ../a:\n" A_URL LOAD, 2, "'../a' is not a name for a service; …"},
    {"services:\n  .:\n" A_URL LOAD, 2, "'.' is not a name for a service; …"},
    {"services:\n  aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbc:\n" A_URL LOAD, 2,
     "'aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbc' is not a name for a service; …"},
    {SERVICE "  a:\n" A_URL LOAD, 4, "there are two services named 'a'"},
    {"services:\n"
     "  a: {url: http://127.0.0.1:1/}\n  b: {url: http://127.0.0.1:1/}\n"
     "  c: {url: http://127.0.0.1:1/}\n  d: {url: http://127.0.0.1:1/}\n"
     "  e: {url: http://127.0.0.1:1/}\n  f: {url: http://127.0.0.1:1/}\n"
     "  g: {url: http://127.0.0.1:1/}\n  h: {url: http://127.0.0.1:1/}\n"
     "  i: {url: http://127.0.0.1:1/}\n" LOAD,
     10, "more than 8 services"},
    {SERVICE "    env: [A=b, PATH]\n" LOAD, 2, "env of a: 'PATH' is not NAME=value"},
    {SERVICE "    ready: healthz\n" LOAD, 2,
     "ready of a must be a path such as /healthz"},
    {SERVICE LOAD "\nbaseline: b\n", 7, "baseline 'b' is none of the services"},
    {SERVICE LOAD "name: a/b\n", 0,
     "name 'a/b' cannot name a folder; use letters, digits, '-', '_' and '.'"},
    {SERVICE LOAD "cpus: {service: 0}\n", 6,
     "cpus needs both service and generator, or neither"},
    {SERVICE LOAD "cpus: {generator: 0}\n", 6,
     "cpus needs both service and generator, or neither"},
    {SERVICE LOAD "cpus: {service: x, generator: 0}\n", 6,
     "cpus: 'x' is not a list of CPUs, such as 0-3,8"},
    {SERVICE LOAD "---\nname: b\n", 7,
     "a plan is one YAML document, this begins another"}};

/* What the generator would refuse, told of the load or of the service. */
static const struct bad loads[] = {
    {SERVICE LOAD "  threads: 3\n  connections: 2\n", 5,
     "load: 3 threads cannot share 2 connections; ask for more connections or fewer "
     "threads"},
    {SERVICE LOAD "  connections: 1009\n", 5,
     "load: 1009 connections need more than the 1024 open files allowed here; raise "
     "'ulimit -n' or ask for fewer connections"},
    {SERVICE LOAD "  duration: 0\n", 5, "load: the duration must be longer than 0"},
    {SERVICE LOAD "  timeout: 0\n", 5, "load: the time-out must be longer than 0"},
    {SERVICE "  b:\n    url: 127.0.0.1:8080\n" LOAD, 4,
     "'127.0.0.1:8080' is not a URL like http://127.0.0.1:8080/path, https://… or "
     "http://unix:/run/service.sock:/path"},
    {SERVICE LOAD "  method: GO AWAY\n", 2, "'GO AWAY' is not an HTTP method"},
    {SERVICE LOAD "  headers: [Accept]\n", 2,
     "'Accept' is not a header like 'Name: value'"},
    {SERVICE LOAD "  body: '@none.json'\n", 6,
     "body: cannot read {folder}/none.json: No such file or directory; paths in a plan "
     "begin at its folder"},
    {SERVICE LOAD "  body: '@.'\n", 6, "body: cannot read {folder}/.: Is a directory…"}};

#endif
