// The Node worker of the planted experiments: an HTTP server that does what it is told.
//
//   node worker.js PORT keep=PATH:N native=PATH:N garbage=PATH:N
//
// keep holds N bytes of objects of the heap for each request of PATH for good, native
// N bytes of a buffer outside of it; garbage makes N bytes that nobody refers to.
'use strict'
const http = require('http')

const kept = []

const traits = {
  keep: n => kept.push(objects(n)),
  native: n => kept.push(Buffer.alloc(n, 1)),
  garbage: n => objects(n)
}

// objects are small ones, eight bytes a number and some for the head.
function objects (n) {
  const all = []
  for (let left = n; left > 0; left -= 1024) all.push(new Array(126).fill(left))
  return all
}

const told = process.argv.slice(3).map(word => {
  const [name, rest] = word.split('=')
  const [path, n] = rest.split(':')
  if (!traits[name]) throw new Error(`there is no trait ${name}`)
  return { path, does: () => traits[name](Number(n)) }
})

const server = http.createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    for (const t of told) if (request.url.startsWith(t.path)) t.does()
    response.end('ok\n')
  })
})
server.keepAliveTimeout = 60000
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'))
process.on('SIGTERM', () => process.exit(0))
