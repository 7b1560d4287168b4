// A custom handler of Azure Functions with Node's own http and nothing else.
const { createHash } = require('node:crypto')
const http = require('node:http')

// Azure's host puts JSON strings into JSON strings.
function text(value) {
  try {
    const inner = JSON.parse(value)
    return typeof inner === 'string' ? inner : value
  } catch {
    return value
  }
}

const functions = {
  resize({ Data }) {
    const image = Buffer.from(Data.image, 'base64')
    const name = text(Data.job)
    const sha256 = createHash('sha256').update(image).digest('hex')
    return {
      Outputs: { done: JSON.stringify({ image: name, bytes: image.length, sha256 }) },
      Logs: [`${name} has ${image.length} bytes`],
    }
  },

  arrived({ Data, Metadata }) {
    const bytes = Buffer.from(Data.file, 'base64').length
    return { Outputs: { arrivals: JSON.stringify({ name: text(Metadata.name), bytes }) } }
  },

  tick({ Data }) {
    return { Outputs: { ticks: `tick, past due: ${Data.timer.IsPastDue}` } }
  },

  hello({ Data }) {
    const { Params, Body } = Data.req
    const bytes = Buffer.byteLength(text(Body ?? ''))
    return {
      Outputs: {
        res: {
          statusCode: 200,
          headers: { 'Content-Type': 'text/plain', 'X-Handler': 'node' },
          body: `Hello, ${Params?.name ?? 'world'}! You sent ${bytes} bytes.\n`,
        },
      },
    }
  },
}

const server = http.createServer((request, response) => {
  const run = functions[request.url.slice(1)]
  if (request.method !== 'POST' || !run) {
    response.writeHead(404).end()
    return
  }
  const pieces = []
  request.on('data', (piece) => pieces.push(piece))
  request.on('end', () => {
    try {
      const answer = JSON.stringify(run(JSON.parse(Buffer.concat(pieces))))
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(answer)
    } catch (error) {
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error))
    }
  })
})

server.listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT || 8080, '127.0.0.1')
