// simple-oauth2, one call a line.
import { ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2'
import { serve } from './serve.mjs'

const verbs = {
  password: (owner, given) => owner.getToken(given),
  refresh: (owner, given) => owner.createToken(given).refresh(),
  // as its README has it
  automatic: async (owner, given) => {
    const token = owner.createToken(given)
    return token.expired() ? await token.refresh() : token
  },
  revoke: (owner, given) => owner.createToken({ access_token: given.token }).revoke('access_token'),
  revoke_all: (owner, given) => owner.createToken(given).revokeAll(),
  client_credentials: (owner, given, config) => new ClientCredentials(config).getToken(given),
}

serve(async (verb, { url, id, secret, method, encoding }, given) => {
  const config = {
    client: { id, secret },
    auth: { tokenHost: url },
    options: {
      authorizationMethod: method === 'body' ? 'body' : 'header',
      credentialsEncodingMode: encoding ?? 'strict',
    },
  }
  try {
    return await verbs[verb](new ResourceOwnerPassword(config), given, config)
  } catch (e) {
    if (!e.isBoom) throw e
    return { status: e.output.statusCode, error: e.data.payload.error }
  }
})
