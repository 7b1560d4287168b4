// A store of documents that asks nothing of its runtime but what web standards say:
// a body becomes a Blob, and the Blob is read as a stream to sum it up. It keeps
// nothing of what it was sent. Runs as it is on Node and on Bun: server.js PORT
'use strict';

const { createHash } = require('node:crypto');
const http = require('node:http');

// One sum for each of the keys that it was sent, and no more of them than this.
const KEPT = 1000;
const sums = new Map();
let taken = 0;

// take is the full path of a request.
async function take(key, request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of new Blob(parts).stream()) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const document = { key, bytes, sha256: hash.digest('hex') };
  if (sums.has(key) || sums.size < KEPT) sums.set(key, document.sha256);
  taken++;
  return document;
}

// collect has the runtime drop its garbage. Node can be asked under --expose-gc.
function collect() {
  if (globalThis.Bun) Bun.gc(true);
  else if (globalThis.gc) globalThis.gc();
}

// metrics has the names of Prometheus's client for Node, which say the same of any
// runtime that has process.memoryUsage.
function metrics() {
  const memory = process.memoryUsage();
  const line = (name, value) => `# TYPE ${name} gauge\n${name} ${value}\n`;
  return line('nodejs_heap_size_used_bytes', memory.heapUsed) +
    line('nodejs_heap_size_total_bytes', memory.heapTotal) +
    line('nodejs_external_memory_bytes', memory.external) +
    line('process_resident_memory_bytes', memory.rss) +
    line('documents_taken', taken);
}

function answer(response, status, type, text) {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function serve(request, response) {
  const [, place, key] = request.url.split('/');
  switch (`${request.method} ${place}`) {
    case 'POST documents':
      answer(response, 200, 'application/json', JSON.stringify(await take(key, request)));
      break;
    case 'GET health':
      answer(response, 200, 'text/plain', 'ok\n');
      break;
    case 'GET metrics':
      answer(response, 200, 'text/plain; version=0.0.4', metrics());
      break;
    case 'GET debug': // where stanch asks a worker to collect: /debug/pprof/heap?gc=1
      collect();
      answer(response, 200, 'text/plain', 'collected\n');
      break;
    default:
      answer(response, 404, 'text/plain', 'not here\n');
  }
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((problem) => {
    // A client that went away is no news.
    if (request.destroyed && !request.complete) return;
    console.error(`${request.method} ${request.url}: ${problem}`);
    if (!response.headersSent) answer(response, 500, 'text/plain', 'broken\n');
  });
});
server.listen(Number(process.argv[2] || process.env.PORT), '127.0.0.1');

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 5000).unref();
});
