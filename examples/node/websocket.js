// The /ws endpoint: RFC 6455 by hand, every message goes back as it came.
'use strict';

const { createHash } = require('node:crypto');

const CLOSE = 8;
const PING = 9;
const PONG = 10;
const MAX_FRAME = 1 << 20;

class Sockets {
  constructor(server) {
    this.open = new Set();
    server.on('upgrade', (req, socket, head) => this.accept(req, socket, head));
  }

  accept(req, socket, head) {
    const key = req.headers['sec-websocket-key'];
    if (!key || new URL(req.url, 'http://worker').pathname !== '/ws') {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const digest = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.setNoDelay(true);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${digest}\r\n\r\n`);
    this.open.add(socket);
    let pending = head;
    const take = (data) => {
      pending = data.length ? Buffer.concat([pending, data]) : pending;
      for (let got; (got = parse(pending)); pending = pending.subarray(got.size)) {
        if (got.bad) return socket.destroy();
        const op = got.first & 15;
        if (op === PING) socket.write(frame(0x80 | PONG, got.payload));
        else if (op === CLOSE) return socket.end(this.open.delete(socket) ? frame(got.first, got.payload) : undefined);
        else if (op !== PONG) socket.write(frame(got.first, got.payload));
      }
    };
    socket.on('data', take);
    socket.on('error', () => {});
    socket.on('close', () => this.open.delete(socket));
    take(Buffer.alloc(0));
  }

  // Tells every client that this worker is going away (1001), and gives it
  // five seconds to answer.
  leave() {
    for (const socket of this.open) {
      this.open.delete(socket);
      socket.write(frame(0x80 | CLOSE, Buffer.from([0x03, 0xe9])));
      setTimeout(() => socket.destroy(), 5000).unref();
    }
  }
}

// The first whole frame of the bytes, or null if it has not all come yet.
function parse(b) {
  if (b.length < 2) return null;
  let size = b[1] & 127;
  let at = 2;
  if (size === 126) {
    if (b.length < 4) return null;
    size = b.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (b.length < 10) return null;
    size = Number(b.readBigUInt64BE(2));
    at = 10;
  }
  if (size > MAX_FRAME || !(b[1] & 128)) return { bad: true };
  if (b.length < at + 4 + size) return null;
  const mask = b.subarray(at, at + 4);
  const payload = Buffer.from(b.subarray(at + 4, at + 4 + size));
  for (let i = 0; i < size; i++) payload[i] ^= mask[i & 3];
  return { first: b[0], payload, size: at + 4 + size };
}

function frame(first, payload) {
  const n = payload.length;
  let head;
  if (n < 126) head = Buffer.from([first, n]);
  else if (n <= 0xffff) head = Buffer.from([first, 126, n >> 8, n & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(n), 2);
  }
  return Buffer.concat([head, payload]);
}

module.exports = { Sockets };
