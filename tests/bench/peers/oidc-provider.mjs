// oidc-provider as its documentation sets it up: client credentials and introspection. Its tokens are
// in a Map, as the adapter that it ships for a quick start forgets all but 1,000. Prints its port.
import { Provider } from 'oidc-provider'

const kept = new Map()

class InMemory {
  constructor(name) {
    this.name = name
  }

  async upsert(id, payload) {
    kept.set(`${this.name}:${id}`, payload)
  }

  async find(id) {
    return kept.get(`${this.name}:${id}`)
  }

  async findByUid() {}

  async findByUserCode() {}

  async consume() {}

  async destroy(id) {
    kept.delete(`${this.name}:${id}`)
  }

  async revokeByGrantId() {}
}

const provider = new Provider('http://127.0.0.1', {
  adapter: InMemory,
  clients: [{ client_id: 'bench', client_secret: 'secret-of-the-bench-client', redirect_uris: [], response_types: [],
    grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' }],
  scopes: ['read'],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 86400 },
})
const server = provider.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
server.keepAliveTimeout = 600000
