// A worker that serves GET / on a port of its own, and keeps what its mechanism keeps.
// It prints the port, and answers each request with three numbers: requests served,
// bytes that it has leaked, and 0. GET /metrics tells of its heap.
const { EventEmitter } = require("node:events");
const http = require("node:http");

const [mechanism, size] = [process.argv[2], Number(process.argv[3])];
const kept = new Map();
const bus = new EventEmitter();
bus.setMaxListeners(0);
let served = 0;
let leaked = 0;

const body = (n) => new Array(Math.floor(n / 8)).fill(served + 0.5);

function leak(n) {
  leaked += n;
  return body(n);
}

const work = {
  clean() {},
  map() {
    kept.set(served, leak(size));
  },
  listener() {
    const one = leak(size);
    bus.on("tick", () => one);
  },
  buffer() { // outside of the managed heap
    kept.set(served, Buffer.alloc(size, 1));
    leaked += size;
  },
  timer() {
    if (served % 20 === 0) {
      const one = leak(20 * size);
      setInterval(() => one.length, 3600_000);
    }
  },
  lru() {
    kept.delete(served - 2000);
    kept.set(served, body(4 * size));
  },
  lazy() {
    if (kept.size < 600) kept.set(served, body(12 * size));
  },
  jit() { // new code for a while, as a service that meets its routes one by one
    if (kept.size < 800) {
      const lines = Array.from({ length: 60 }, (_, i) => `s += Math.sin(x * ${served + i / 7});`).join("");
      kept.set(served, new Function("x", `let s = 0; ${lines} return s;`));
    }
    let i = 0;
    for (const f of kept.values()) if (i++ % 16 === served % 16) f(served);
  },
}[mechanism];
if (!work) throw new Error("unknown mechanism " + mechanism);

const server = http.createServer((request, answer) => {
  if (request.url === "/metrics") {
    const m = process.memoryUsage();
    answer.end(`nodejs_heap_size_used_bytes ${m.heapUsed}\nnodejs_heap_size_total_bytes ${m.heapTotal}\nnodejs_external_memory_bytes ${m.external}\n`);
    return;
  }
  served++;
  body(64 << 10); // what every request needs for a moment
  work();
  answer.end(`${served} ${leaked} 0`);
});
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
