// oauth4webapi, one call a line.
import * as oauth from 'oauth4webapi'
import { serve } from './serve.mjs'

const options = { [oauth.allowInsecureRequests]: true }

async function discover(url) {
  const issuer = new URL(url)
  return await oauth.processDiscoveryResponse(issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options }))
}

const verbs = {
  discover: (as) => as,
  password: async (as, client, auth, given) => oauth.processGenericTokenEndpointResponse(as, client,
    await oauth.genericTokenEndpointRequest(as, client, auth, 'password', given, options)),
  refresh: async (as, client, auth, given) => oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, auth, given.refresh_token, options)),
  client_credentials: async (as, client, auth, given) => oauth.processClientCredentialsResponse(as, client,
    await oauth.clientCredentialsGrantRequest(as, client, auth, given, options)),
  introspect: async (as, client, auth, given) => oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, auth, given.token, options)),
  revoke: async (as, client, auth, given) => oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, auth, given.token, options)),
}

serve(async (verb, { url, id, secret, method }, given) => {
  const auth = method === 'body' ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret)
  try {
    return await verbs[verb](await discover(url), { client_id: id }, auth, given)
  } catch (e) {
    // the two that the library makes of an OAuth error
    if (e instanceof oauth.WWWAuthenticateChallengeError)
      return { status: e.status, error: (await e.response.json()).error, schemes: e.cause.map((c) => c.scheme) }
    if (e instanceof oauth.ResponseBodyError)
      return { status: e.status, error: e.error }
    throw e
  }
})
