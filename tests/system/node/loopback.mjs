// LoopBack 3 with an Account that extends its User; "load" gives it accounts with tokens, and answers
// with the URL. Without access control: what is compared is what a filter finds.
import loopback from 'loopback'
import { serve } from './serve.mjs'

async function load(accounts) {
  const app = loopback({ localRegistry: true, loadBuiltinModels: true })
  app.dataSource('db', { connector: 'memory' })
  const Account = app.registry.createModel('Account',
    { id: { type: 'string', id: true, generated: false } }, { base: 'User' })
  const AccessToken = app.registry.getModel('AccessToken')
  app.model(AccessToken, { dataSource: 'db' })
  app.model(app.registry.getModel('User'), { dataSource: 'db', public: false })
  AccessToken.defineProperty('userId', { type: 'string' })
  app.model(Account, { dataSource: 'db' })
  app.use('/v1', loopback.rest())
  for (const [id, tokens] of Object.entries(accounts)) {
    await Account.create({ id, email: `${id}@example.com`, password: 'password' })
    await AccessToken.create(tokens)
  }
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { url: `http://127.0.0.1:${server.address().port}` }
}

serve((verb, client, given) => load(given))
