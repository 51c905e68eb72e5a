// Answers lines {"verb", "client", "given"} on standard input with lines {"result"} or {"fault"}.
import { createInterface } from 'node:readline'

export async function serve(call) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { verb, client, given } = JSON.parse(line)
    try {
      console.log(JSON.stringify({ result: (await call(verb, client, given)) ?? {} }))
    } catch (e) {
      console.log(JSON.stringify({ fault: String(e.stack) }))
    }
  }
  process.exit()
}
