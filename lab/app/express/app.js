// An Express app with csrf-csrf: a token for the header or the form, and its hash in a cookie.
'use strict'

const { createHash, randomBytes } = require('node:crypto')
const express = require('express')
const cookieParser = require('cookie-parser')
const { doubleCsrf } = require('csrf-csrf')

const given = process.env.CSRF_SECRET
const secret = given === '' ? randomBytes(32).toString('hex') : given || 'lab-only-secret-of-sufficient-length'
const isSecure = process.env.COOKIE_SECURE === '1'
const members = new Map()

const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
  getSecret: () => secret,
  getSessionIdentifier: () => process.env.SESSION_BOUND || '',
  cookieName: isSecure ? '__Host-psifi.x-csrf-token' : 'psifi.x-csrf-token',
  cookieOptions: { secure: isSecure, sameSite: 'lax', path: '/', httpOnly: true },
  getCsrfTokenFromRequest: (request) => request.headers['x-csrf-token'] || request.body?._csrf,
})

const app = express()
app.set('trust proxy', process.env.TRUST_PROXY === '0' ? false : 'loopback')
app.use(cookieParser(), express.urlencoded({ extended: false }), express.json())

app.get('/', (request, response) => response.redirect('/login'))
app.get('/csrf-token', (request, response) => response.json({ csrfToken: generateCsrfToken(request, response) }))
app.get('/login', (request, response) => {
  const token = generateCsrfToken(request, response)
  response.type('html').send(`<!DOCTYPE html><title>Sign in</title><form method="post" action="/login">
<input type="hidden" name="_csrf" value="${token}"><input name="username"><input type="password" name="password">
<button>Sign in</button></form>`)
})
app.post('/login', doubleCsrfProtection, (request, response) => {
  const { username, password } = request.body || {}
  if (username !== 'ada' || password !== 'correct horse battery') {
    return response.status(401).send('<p role="alert">Invalid username or password</p>')
  }
  const id = createHash('sha256').update(randomBytes(32)).digest('hex')
  members.set(id, username)
  response.cookie('sid', id, { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/' }).redirect(303, '/account')
})
app.get('/account', (request, response) => {
  const user = members.get(request.cookies.sid)
  return user ? response.send(`<h1>Account of ${user}</h1>`) : response.redirect('/login')
})
app.use((error, request, response, next) => {
  if (response.headersSent) return next(error)
  console.error(`${error.name}: ${error.message}`)
  response.status(error.statusCode || 500).send(error.message)
})

app.listen(Number(process.env.PORT), process.env.HOST)
