// LoopBack 3 with its memory connector and its User as Account: login, which checks a bcrypt hash,
// and one token of an account, made and read. Without access control, which would only cost it more.
// Its argument is how many tokens there are to begin with. Prints its port.
import loopback from 'loopback'

const app = loopback({ localRegistry: true, loadBuiltinModels: true })
app.dataSource('db', { connector: 'memory' })
const Account = app.registry.createModel('Account', {}, { base: 'User' })
const AccessToken = app.registry.getModel('AccessToken')
app.model(AccessToken, { dataSource: 'db', public: false })
app.model(app.registry.getModel('User'), { dataSource: 'db', public: false })
app.model(Account, { dataSource: 'db' })
app.use('/v1', loopback.rest())
await Account.create({ username: 'ada', email: 'ada@example.com', password: 'correct horse' })
for (let made = 0; made < Number(process.argv[2]); made++) {
  await AccessToken.create({ userId: 1, ttl: 86400 })
}
const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
server.keepAliveTimeout = 600000
