// What the worker was asked to keep, and what Node says of it.
'use strict';

const v8 = require('node:v8');
const { PerformanceObserver } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');

const MiB = 1024 * 1024;

// Collections by kind, as the Prometheus client of Node counts them.
const collections = { minor: 0, major: 0, incremental: 0, weakcb: 0 };
const kinds = { 1: 'minor', 4: 'major', 8: 'incremental', 16: 'weakcb' };
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) collections[kinds[e.detail.kind]]++;
}).observe({ entryTypes: ['gc'] });

// So many bytes inside V8's heap, every page written: an array of small
// integers takes 8 bytes a slot (4 with compressed pointers, which Node has not).
const onHeap = (bytes) => new Array(Math.ceil(bytes / 8)).fill(1);

// So many bytes outside V8's heap.
const offHeap = (bytes) => Buffer.allocUnsafeSlow(bytes).fill(1);

class Held {
  constructor(stopAt) {
    this.stopAt = stopAt; // leaks by /work and by growth end here; 0 never ends them
    this.requests = this.leaked = this.filled = 0;
    this.leaks = [];
    this.cache = [];
  }

  keep(bytes) {
    if (bytes <= 0) return;
    this.leaks.push(onHeap(bytes));
    this.leaked += bytes;
  }

  keepUntilStop(bytes) {
    if (!this.stopAt || this.leaked < this.stopAt) this.keep(bytes);
  }

  keepNative(bytes) {
    this.leaks.push(offHeap(bytes));
    this.leaked += bytes;
  }

  // As a cache would: a second call replaces the first.
  fill(mb) {
    this.cache = [];
    for (let i = 0; i < mb; i++) this.cache.push(offHeap(MiB));
    this.filled = mb * MiB;
  }

  // Drops everything; V8 gives it back when it next collects.
  free() {
    this.leaks = [];
    this.cache = [];
    this.leaked = this.filled = 0;
    v8.setFlagsFromString('--expose-gc');
    require('node:vm').runInNewContext('gc')();
  }

  // Leaks so many MiB a second with no load at all.
  grow(mbps) {
    if (!mbps) return;
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      this.keepUntilStop(Math.trunc(((now - last) / 1000) * mbps * MiB));
      last = now;
    }, 50);
  }
}

// Takes mb at mbps MiB a second; all of it is let go on return.
async function spike(mb, mbps, step = 4) {
  const taken = [];
  const start = performance.now();
  for (let got = 0; got < mb; got += step) {
    taken.push(offHeap(Math.min(step, mb - got) * MiB));
    await sleep(Math.max(start + ((got + step) / mbps) * 1000 - performance.now(), 0));
  }
  return taken.length;
}

// Prometheus text with the names of its Node client.
function metrics(held) {
  const m = process.memoryUsage();
  const lines = [];
  const tell = (name, kind, value, label = '') => {
    lines.push(`# TYPE ${name} ${kind}`, `${name}${label} ${value}`);
  };
  tell('process_resident_memory_bytes', 'gauge', m.rss);
  tell('nodejs_heap_size_total_bytes', 'gauge', m.heapTotal);
  tell('nodejs_heap_size_used_bytes', 'gauge', m.heapUsed);
  tell('nodejs_external_memory_bytes', 'gauge', m.external);
  lines.push('# TYPE nodejs_gc_duration_seconds histogram');
  for (const [kind, n] of Object.entries(collections)) lines.push(`nodejs_gc_duration_seconds_count{kind="${kind}"} ${n}`);
  const [major, minor, patch] = process.versions.node.split('.');
  tell('nodejs_version_info', 'gauge', 1, `{version="${process.version}",major="${major}",minor="${minor}",patch="${patch}"}`);
  tell('leaked_bytes', 'counter', held.leaked);
  tell('requests_total', 'counter', held.requests);
  return lines.join('\n') + '\n';
}

module.exports = { Held, spike, metrics };
