// A custom handler with Node's own http: it takes a blob as base64 or as a URL.
const { createHash } = require('node:crypto')
const http = require('node:http')

async function read(value) {
  const digest = createHash('sha256')
  let bytes = 0
  const take = (piece) => {
    digest.update(piece)
    bytes += piece.length
  }
  if (value.startsWith('http://')) {
    const answer = await new Promise((got, failed) => http.get(value, got).on('error', failed))
    for await (const piece of answer) take(piece)
  } else {
    take(Buffer.from(value, 'base64'))
  }
  return JSON.stringify({ bytes, sha256: digest.digest('hex') })
}

async function answer(request, response) {
  try {
    const pieces = []
    for await (const piece of request) pieces.push(piece)
    if (request.method !== 'POST') return response.end()
    const done = await read(JSON.parse(Buffer.concat(pieces)).Data.blob)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ Outputs: { done } }))
  } catch (error) {
    response.statusCode = 500
    response.end(String(error))
  }
}

http.createServer({ requestTimeout: 0 }, answer).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1')
