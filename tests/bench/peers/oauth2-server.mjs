// @node-oauth/oauth2-server behind express, its tokens in Maps and its passwords plain: the password
// grant, and authenticate() told as RFC 7662's reply, as the library has no introspection of its own.
import OAuth2Server from '@node-oauth/oauth2-server'
import express from 'express'

const tokens = new Map()
const client = { id: 'bench', grants: ['password', 'client_credentials'] }
const user = { id: 'ada' }
const oauth = new OAuth2Server({
  model: {
    getClient: (id, secret) =>
      id === client.id && (secret === null || secret === 'secret-of-the-bench-client') && client,
    getUser: (name, password) => name === 'ada' && password === 'correct horse' && user,
    getUserFromClient: () => user,
    validateScope: () => ['read'],
    saveToken: (token, client, user) => {
      const saved = { ...token, client, user }
      tokens.set(token.accessToken, saved)
      return saved
    },
    getAccessToken: (text) => tokens.get(text),
  },
  accessTokenLifetime: 86400,
  allowBearerTokensInQueryString: false,
})
const { Request, Response } = OAuth2Server

async function token(req, res) {
  const response = new Response(res)
  try {
    await oauth.token(new Request(req), response)
    res.set(response.headers).json(response.body)
  } catch (e) {
    res.status(e.code ?? 500).json({ error: e.name })
  }
}

async function introspect(req, res) {
  try {
    const request = { method: 'GET', query: {}, headers: { authorization: `Bearer ${req.body.token}` } }
    const found = await oauth.authenticate(new Request(request), new Response({ headers: {} }))
    res.json({ active: true, scope: found.scope.join(' '), client_id: found.client.id, username: found.user.id,
      token_type: 'Bearer', exp: Math.floor(found.accessTokenExpiresAt / 1000) })
  } catch {
    res.json({ active: false })
  }
}

const app = express()
app.use(express.urlencoded({ extended: false }))
app.post('/token', token)
app.post('/introspect', introspect)
const server = app.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
server.keepAliveTimeout = 600000
