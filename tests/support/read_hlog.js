// Reads an interval log with the stock HdrHistogram tools of npm and prints, as JSON, what they make of it: for each tag
// the number of values, percentiles and the largest value. Usage: node read_hlog.js FILE
'use strict';
const fs = require('fs');
const hdr = require('hdr-histogram-js');

const reader = new hdr.HistogramLogReader(fs.readFileSync(process.argv[2], 'utf8'));
const stages = {};
let lines = 0;
for (let h; (h = reader.nextIntervalHistogram());) {
  lines++;
  stages[h.tag] = stages[h.tag] || hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 3600000000, numberOfSignificantValueDigits: 3 });
  stages[h.tag].add(h);
}
const result = {};
for (const [tag, h] of Object.entries(stages))
  result[tag] = { count: h.totalCount, p50: h.getValueAtPercentile(50), p99: h.getValueAtPercentile(99), max: h.maxValue };
console.log(JSON.stringify({ start: reader.startTimeSec, lines, stages: result }));
