// Reads a load result on stdin and prints, for each of its histograms, what hdr-histogram-js finds in it.
"use strict";
const hdr = require("hdr-histogram-js");

const percentiles = { p50: 50, p90: 90, p95: 95, p99: 99, p999: 99.9, p9999: 99.99 };

function describe(text) {
  const histogram = hdr.decodeFromCompressedBase64(text);
  const found = { count: histogram.totalCount, max: histogram.maxValue };
  for (const [name, percentile] of Object.entries(percentiles)) {
    found[name] = histogram.getValueAtPercentile(percentile);
  }
  return { ...found, hgrm: histogram.outputPercentileDistribution(5, 1e6) };
}

const result = JSON.parse(require("fs").readFileSync(0, "utf8"));
const names = Object.keys(result).filter((name) => result[name] && result[name].hdr);
const windows = result.windows.map((window) => describe(window.hdr));
console.log(JSON.stringify({ ...Object.fromEntries(names.map((name) => [name, describe(result[name].hdr)])), windows }));
