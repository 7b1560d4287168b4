// A worker that serves pretended requests, some ten times a second, and keeps
// what its mechanism keeps. Each time it prints: requests served, bytes that it has leaked.
const { EventEmitter } = require("node:events");

const [mechanism, size] = [process.argv[2], Number(process.argv[3])];
const kept = new Map();
const bus = new EventEmitter();
bus.setMaxListeners(0);
let served = 0;
let leaked = 0;

const body = (n) => new Array(Math.floor(n / 8)).fill(served + 0.5);

function serve() {
  const one = body(size);
  switch (mechanism) {
    case "map":
      kept.set(served, one);
      leaked += size;
      break;
    case "listener":
      bus.on("tick", () => one);
      leaked += size;
      break;
    case "buffer": // outside of the managed heap
      kept.set(served, Buffer.alloc(size, 1));
      leaked += size;
      break;
    case "lru":
      kept.set(served % 700, body(16 * size));
      break;
    case "clean":
      break;
    default:
      throw new Error("unknown mechanism " + mechanism);
  }
}

setInterval(() => {
  for (let i = 0; i < 10; i++) {
    served++;
    serve();
  }
  process.stdout.write(served + " " + leaked + "\n");
}, 100);
