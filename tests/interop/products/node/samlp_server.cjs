// A provider on samlp, the library under Auth0: node samlp_server.cjs FOLDER PORT NODE_MODULES. Settings and people are
// read from the folder at every request, as in pages.py.
'use strict';

const { X509Certificate, createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const { id, serve } = require('./pages.cjs');

const [folder, port, modules] = process.argv.slice(2);
const samlp = require(path.join(modules, 'samlp'));
const SessionParticipants = require(path.join(modules, 'samlp', 'lib', 'sessionParticipants'));

const ORIGIN = `http://127.0.0.1:${port}`;
const ISSUER = `${ORIGIN}/metadata`;
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const BINDINGS = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-';
const pending = new Map();
const sessions = new Map(); // cookie -> who is signed in, and where
const states = new Map(); // what the library keeps while a logout goes round

const file = name => readFileSync(path.join(folder, name), 'utf8');
const bare = pem => pem.replace(/-----[^-]*-----|\s/g, '');
const binding = behaviour => BINDINGS + (behaviour.post ? 'POST' : 'Redirect');
const keys = behaviour => ({ key: file(`${behaviour.key}.key`), cert: file(`${behaviour.key}.crt`), issuer: ISSUER });

// The library's middleware wants Express; these are the parts of it that it touches.
function through(middleware, request) {
  return new Promise((resolve, reject) => {
    const [query, body] = request.posted ? [{}, request.fields] : [request.fields, {}];
    const asked = {
      method: request.posted ? 'POST' : 'GET', query, body, originalUrl: `/x?${request.query}`,
      url: `/x?${request.query}`, protocol: 'http', headers: { host: `127.0.0.1:${port}` }, user: request.user, session: {},
    };
    const response = {
      set: () => response,
      send: what => resolve(typeof what === 'number' ? String(what) : what),
      redirect: url => resolve({ url }),
    };
    middleware(asked, response, error => reject(error || new Error('nothing was answered')));
  });
}

// How our metadata describes us; this library reads none.
function service() {
  const text = file('counterpart.xml');
  const certificates = use => [...text.matchAll(/<(?:\w+:)?KeyDescriptor([^>]*)>[\s\S]*?X509Certificate>([^<]*)</g)]
    .filter(found => !found[1].includes('use=') || found[1].includes(`"${use}"`)).map(found => found[2].replace(/\s/g, ''));
  const pem = base64 => `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
  const logout = way => new RegExp(`SingleLogoutService [^>]*HTTP-${way}"[^>]*Location="([^"]*)"`).exec(text)[1];
  return {
    entityID: /entityID="([^"]*)"/.exec(text)[1],
    acs: /AssertionConsumerService [^>]*Location="([^"]*)"/.exec(text)[1],
    signing: pem(certificates('signing')[0]),
    thumbprints: certificates('signing').map(found => thumbprint(pem(found))),
    encryption: pem(certificates('encryption')[0]),
    logout,
  };
}

// It checks a signature with one certificate, or takes the one inside a posted message if its thumbprint is listed.
const believed = posted => (posted ? { thumbprints: service().thumbprints } : { signingCert: service().signing });
const thumbprint = pem => new X509Certificate(pem).fingerprint.replace(/:/g, '').toLowerCase();
const named = account => createHash('sha256').update(account.key).digest('base64url');

function profile(account) {
  const claims = { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': account.mail };
  return {
    getClaims: () => claims,
    getNameIdentifier: () => ({ nameIdentifier: named(account), nameIdentifierFormat: PERSISTENT }),
  };
}

function store() {
  return {
    save: (request, state, done) => { const made = id(); states.set(made, state); done(null, made); },
    load: (request, made, options, done) => {
      const state = states.get(made);
      if (typeof options !== 'function' && options.destroy) states.delete(made);
      (done || options)(null, state);
    },
    update: (request, made, state, done) => { states.set(made, state); done(null, made); },
  };
}

function logout(behaviour, token) {
  const sp = service();
  const session = sessions.get(token);
  const participants = session ? [{
    serviceProviderId: sp.entityID, nameId: named(session.account), nameIdFormat: PERSISTENT, sessionIndex: session.index,
    serviceProviderLogoutURL: sp.logout(behaviour.post ? 'POST' : 'Redirect'), cert: sp.signing, binding: binding(behaviour),
  }] : [];
  return samlp.logout({
    ...keys(behaviour), deflate: true, protocolBinding: binding(behaviour), signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256', sessionParticipants: new SessionParticipants(participants), store: store(),
    clearIdPSession: done => { sessions.delete(token); done(); },
  });
}

const PATHS = {
  async '/metadata'(request, behaviour) {
    const locations = { [behaviour.post ? 'post' : 'redirect']: '/slo' };
    const middleware = samlp.metadata({
      ...keys({ key: behaviour.published[0] }), redirectEndpointPath: '/sso', postEndpointPath: '/sso', logoutEndpointPaths: locations,
    });
    const made = await through(middleware, request);
    const unwanted = new RegExp(`<SingleSignOnService Binding="[^"]*HTTP-${behaviour.post ? 'Redirect' : 'POST'}"[^>]*>`);
    const key = name => `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>` +
      `<X509Certificate>${bare(file(`${name}.crt`))}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`;
    // It publishes one key; whoever rolls over writes the second in by hand.
    const body = made.replace(unwanted, '').replace('<KeyDescriptor', `${behaviour.published.slice(1).map(key).join('')}<KeyDescriptor`);
    return { type: 'application/samlmetadata+xml', body };
  },
  async '/sso'(request, behaviour) {
    const asked = await new Promise((resolve, reject) => samlp.parseRequest(
      { method: request.posted ? 'POST' : 'GET', query: request.posted ? {} : request.fields, body: request.posted ? request.fields : {},
        originalUrl: `/sso?${request.query}`, url: `/sso?${request.query}` },
      { ...believed(request.posted), deflate: !request.posted, relayState: request.fields.RelayState },
      (error, found) => (error ? reject(error) : resolve(found))));
    const wanted = { asked, relayState: request.fields.RelayState || '' };
    const session = sessions.get(request.session);
    if (session) return login(behaviour, wanted, session.account);
    const token = id();
    pending.set(token, wanted);
    return { body: '<h1>Sign in</h1><form method="post" action="/login"><input type="hidden" name="pending" ' +
      `value="${token}"><input name="login"><button>Sign in</button></form>` };
  },
  async '/login'(request, behaviour) {
    return login(behaviour, pending.get(request.fields.pending), JSON.parse(file('people.json'))[request.fields.login]);
  },
  async '/slo'(request, behaviour) {
    return went(await through(logout(behaviour, request.session), request));
  },
  async '/logout'(request, behaviour) {
    return went(await through(logout(behaviour, request.session), { ...request, posted: false, fields: {} }));
  },
};

function went(result) {
  if (result.url) return { onward: { url: result.url } };
  return { body: result === '200' ? '<h1>You are signed out everywhere</h1>' : result };
}

async function login(behaviour, wanted, account) {
  const sp = service();
  const index = id();
  const xml = await new Promise((resolve, reject) => samlp.getSamlResponse({
    ...keys(behaviour), profileMapper: profile, signResponse: behaviour.signs.includes('response'),
    signAssertion: behaviour.signs.includes('assertion'), signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
    audience: behaviour.audience || sp.entityID, recipient: sp.acs, destination: sp.acs, inResponseTo: wanted.asked.id,
    lifetimeInSeconds: behaviour.minutes * 60, sessionIndex: index,
    ...(behaviour.encrypts ? { encryptionCert: sp.encryption, encryptionPublicKey: sp.encryption } : {}),
  }, account, (error, made) => (error ? reject(error) : resolve(made))));
  const session = id();
  sessions.set(session, { account, index });
  const fields = { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: wanted.relayState };
  return { onward: { url: sp.acs, fields }, cookie: `session=${session}; Path=/; HttpOnly` };
}

serve(PATHS, folder, port);
