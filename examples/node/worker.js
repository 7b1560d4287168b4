// A worker to try stanch on: it serves, and it leaks, spikes, stalls or dies on request.
//
// No packages from elsewhere. The same endpoints exist in ../go and ../python;
// ../README.md lists them. Begin with `routes`; memory.js is what leaks,
// websocket.js the /ws endpoint.
'use strict';

const http = require('node:http');
const fs = require('node:fs');
const { spawnSync } = require('node:child_process');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const memory = require('./memory.js');
const websocket = require('./websocket.js');

// A whole number from the environment; absent and malformed are 0.
const number = (name) => Math.trunc(Number(process.env[name])) || 0;

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT || '8000' }, // 0 takes a free one
    socket: { type: 'string', default: process.env.SOCKET || '' }, // in place of the port
    'leak-kb': { type: 'string', default: String(number('LEAK_KB')) }, // that every /work keeps for good
  },
});
const leakBytes = Number(flags['leak-kb']) * 1024;
const held = new memory.Held(number('LEAK_STOP_MB') * 1024 * 1024);

function ask(query, name, otherwise) {
  const n = Number(query.get(name) ?? otherwise);
  return Number.isFinite(n) && n >= 0 ? n : otherwise;
}

function whole(res, body, type, code = 200) {
  res.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function answer(res) {
  whole(res, JSON.stringify({ pid: process.pid, requests: ++held.requests, leaked: held.leaked, filled: held.filled }), 'application/json');
}

// Writes, and waits where the client is slower than we are.
async function write(res, data) {
  if (!res.write(data) && !res.destroyed) {
    await new Promise((resolve) => {
      const go = () => {
        res.off('drain', go).off('close', go);
        resolve();
      };
      res.on('drain', go).on('close', go);
    });
  }
  return !res.destroyed;
}

// The k-th KiB of /stream: its number, a letter that changes with it, a line end.
function block(k) {
  const head = String(k).padStart(8, '0') + ' ';
  return head + String.fromCharCode(97 + (k % 26)).repeat(1023 - head.length) + '\n';
}

const routes = {
  // What serves.
  '/work': (req, res, query) => {
    for (const end = performance.now() + ask(query, 'ms', 0); performance.now() < end;);
    held.keepUntilStop(leakBytes);
    answer(res);
  },
  '/slow': async (req, res, query) => {
    await sleep(ask(query, 'ms', 500));
    answer(res);
  },
  '/echo': async (req, res) => {
    const head = { 'Content-Type': 'application/octet-stream' };
    if (req.headers['content-length'] !== undefined) head['Content-Length'] = req.headers['content-length'];
    res.writeHead(200, head);
    res.flushHeaders();
    for await (const piece of req) await write(res, piece);
    res.addTrailers(req.trailers);
    res.end();
  },
  '/stream': async (req, res, query) => {
    res.writeHead(200, { 'Content-Type': 'text/plain' });
    const pause = ask(query, 'ms', 0);
    for (let k = 0; k < ask(query, 'kb', 1024); k++) {
      if (!(await write(res, block(k)))) return;
      if (k % 16 === 15 && pause) await sleep(pause);
    }
    res.end();
  },
  '/sse': async (req, res, query) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    for (let i = 0; i < ask(query, 'n', 10); i++) {
      if (!(await write(res, `id: ${i}\ndata: event ${i}\n\n`))) return;
      await sleep(ask(query, 'ms', 100));
    }
    res.end();
  },
  '/ws': (req, res) => whole(res, 'this speaks WebSocket\n', 'text/plain', 426),
  '/healthz': (req, res) => whole(res, 'ok\n', 'text/plain'),
  '/metrics': (req, res) => whole(res, memory.metrics(held), 'text/plain; version=0.0.4'),

  // What takes memory.
  '/leak': (req, res, query) => {
    held.keep(ask(query, 'kb', 64) * 1024);
    answer(res);
  },
  '/native': (req, res, query) => {
    held.keepNative(ask(query, 'kb', 24) * 1024);
    answer(res);
  },
  '/fill': (req, res, query) => {
    held.fill(ask(query, 'mb', 100));
    answer(res);
  },
  '/spike': async (req, res, query) => {
    await memory.spike(ask(query, 'mb', 900), Math.max(ask(query, 'mbps', 1024), 1));
    answer(res);
  },
  '/free': (req, res) => {
    held.free();
    answer(res);
  },

  // What goes wrong.
  '/exit': (req, res, query) => process.exit(ask(query, 'code', 3)),
  '/garbage': (req, res) => req.socket.end(Buffer.from('\x00\xff\x13\x37 this is no HTTP\r\n\r\n\x00\x00', 'latin1')),
  '/closeport': (req, res) => {
    server.close();
    setInterval(() => {}, 1 << 30); // the process lives on without its port
    answer(res);
  },
  '/hang': (req, res) => {
    res.writeHead(200, { 'Content-Length': 1000 });
    res.write(block(0).slice(0, 500));
  },
};
routes['/'] = routes['/work'];

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, 'http://worker');
  try {
    if (leaving) res.shouldKeepAlive = false;
    const route = routes[url.pathname];
    if (route) await route(req, res, url.searchParams);
    else whole(res, 'no such endpoint\n', 'text/plain', 404);
  } catch {
    res.destroy(); // half an answer must not look like a whole one
  }
});
server.keepAliveTimeout = 75_000; // Node's 5 s is shorter than most proxies keep a connection
const sockets = new websocket.Sockets(server);

let leaving = false;
function leave() {
  if (leaving) return;
  leaving = true;
  sockets.leave();
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  // A connection that ends its last answer becomes idle only after it.
  setInterval(() => server.closeIdleConnections(), 50);
}

async function main() {
  if (process.env.EXIT_AT_START) process.exit(number('EXIT_AT_START'));
  for (let i = 0; i < number('ORPHANS'); i++) spawnSync('setsid', ['sh', '-c', 'sleep 600 >/dev/null 2>&1 &']);
  process.on('SIGINT', leave);
  process.on('SIGTERM', process.env.IGNORE_TERM === '1' ? () => {} : leave);
  await sleep(number('START_MS'));
  if (process.env.NEVER_READY === '1') {
    process.removeAllListeners('SIGTERM');
    setInterval(() => {}, 1 << 30);
    return;
  }
  if (flags.socket) fs.rmSync(flags.socket, { force: true });
  server.listen(flags.socket || { port: Number(flags.port), host: '127.0.0.1', backlog: 1024 }, () => {
    held.grow(Number(process.env.GROW_MBPS) || 0);
    console.log('listening on', flags.socket || `127.0.0.1:${server.address().port}`);
  });
}

main();
