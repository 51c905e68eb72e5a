// openid-client, one call a line.
import * as openid from 'openid-client'
import { serve } from './serve.mjs'

async function configure({ url, id, secret, method }) {
  const auth = method === 'body' ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret)
  return await openid.discovery(new URL(url), id, undefined, auth,
    { algorithm: 'oauth2', execute: [openid.allowInsecureRequests] })
}

const verbs = {
  discover: (config) => config.serverMetadata(),
  password: (config, given) => openid.genericGrantRequest(config, 'password', given),
  refresh: (config, given) => openid.refreshTokenGrant(config, given.refresh_token),
  client_credentials: (config, given) => openid.clientCredentialsGrant(config, given),
  introspect: (config, given) => openid.tokenIntrospection(config, given.token),
  revoke: (config, given) => openid.tokenRevocation(config, given.token),
}

serve(async (verb, client, given) => {
  try {
    return await verbs[verb](await configure(client), given)
  } catch (e) {
    // the two that the library makes of an OAuth error
    if (e instanceof openid.WWWAuthenticateChallengeError)
      return { status: e.status, error: (await e.response.json()).error, schemes: e.cause.map((c) => c.scheme) }
    if (e instanceof openid.ResponseBodyError)
      return { status: e.status, error: e.error }
    throw e
  }
})
