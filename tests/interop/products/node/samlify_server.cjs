// A provider on samlify: node samlify_server.cjs FOLDER PORT NODE_MODULES. Settings and people are read from the
// folder at every request, as in pages.py.
'use strict';

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const path = require('node:path');

const { id, serve } = require('./pages.cjs');

const [folder, port, modules] = process.argv.slice(2);
const samlify = require(path.join(modules, 'samlify'));

const ORIGIN = `http://127.0.0.1:${port}`;
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const URI = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri';
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
const BINDINGS = { redirect: samlify.Constants.namespace.binding.redirect, post: samlify.Constants.namespace.binding.post };
const pending = new Map();
const sessions = new Map();

samlify.setSchemaValidator({ validate: async () => 'skipped' });

const file = name => readFileSync(path.join(folder, name), 'utf8');
const bare = pem => pem.replace(/-----[^-]*-----|\s/g, '');

const RESPONSE = samlify.SamlLib.defaultLoginResponseTemplate.context.replace('{AuthnStatement}',
  '<saml:AuthnStatement AuthnInstant="{Now}" SessionIndex="{SessionIndex}"><saml:AuthnContext>' +
  '<saml:AuthnContextClassRef>{Context}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>');

// It signs with one key and publishes several, but its object for signing must hold one certificate alone.
function provider(behaviour, certificates = [behaviour.key]) {
  const binding = behaviour.post ? BINDINGS.post : BINDINGS.redirect;
  const encrypted = samlify.Constants.algorithms.encryption;
  return samlify.IdentityProvider({
    entityID: `${ORIGIN}/metadata`,
    privateKey: file(`${behaviour.key}.key`),
    signingCert: certificates.map(name => bare(file(`${name}.crt`))),
    isAssertionEncrypted: behaviour.encrypts,
    dataEncryptionAlgorithm: encrypted.data.AES_256,
    keyEncryptionAlgorithm: encrypted.key.RSA_OAEP_MGF1P,
    requestSignatureAlgorithm: samlify.Constants.algorithms.signature.RSA_SHA256,
    wantAuthnRequestsSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    nameIDFormat: [PERSISTENT],
    singleSignOnService: [{ Binding: binding, Location: `${ORIGIN}/sso` }],
    singleLogoutService: [{ Binding: binding, Location: `${ORIGIN}/slo` }],
    loginResponseTemplate: {
      context: RESPONSE,
      attributes: [{ name: 'urn:oid:0.9.2342.19200300.100.1.3', nameFormat: URI, valueTag: 'mail',
        valueXsiType: 'xs:string' }],
    },
  });
}

function service(behaviour) {
  const described = file('counterpart.xml');
  const made = samlify.ServiceProvider({
    metadata: described,
    wantMessageSigned: behaviour.signs.includes('response'),
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
  });
  // By itself it does what our metadata asks for.
  made.entityMeta.isWantAssertionsSigned = () => behaviour.signs.includes('assertion');
  return made;
}

// What the library wants to know of a request: its fields, and over what HTTP-Redirect signs.
function given(request) {
  const query = request.query.split('&').filter(part => !part.startsWith('Signature=')).join('&');
  return { query: request.fields, body: request.fields, octetString: query };
}

const how = request => (request.posted ? 'post' : 'redirect');

function answer(behaviour, asked, account) {
  const idp = provider(behaviour);
  const sp = service(behaviour);
  const name = createHash('sha256').update(account.key).digest('base64url');
  const session = id();
  const now = new Date();
  const end = new Date(now.getTime() + behaviour.minutes * 60000).toISOString();
  const fill = template => ({
    id: id(),
    context: samlify.SamlLib.replaceTagsByValue(template, {
      ID: id(), AssertionID: id(), Destination: asked.acs, Issuer: `${ORIGIN}/metadata`,
      IssueInstant: now.toISOString(), Now: now.toISOString(), StatusCode: samlify.Constants.StatusCode.Success,
      ConditionsNotBefore: now.toISOString(), ConditionsNotOnOrAfter: end, SubjectConfirmationDataNotOnOrAfter: end,
      Audience: behaviour.audience || asked.issuer, SubjectRecipient: asked.acs, InResponseTo: asked.id,
      NameIDFormat: PERSISTENT, NameID: name, SessionIndex: session, Context: PASSWORD, attrMail: account.mail,
    }),
  });
  return idp.createLoginResponse(sp, asked.info, 'post', {}, { customTagReplacement: fill, encryptThenSign: true })
    .then(made => ({
      onward: { url: made.entityEndpoint, fields: { SAMLResponse: made.context, RelayState: asked.relayState } },
      remembered: { logoutNameID: name, sessionIndex: session },
    }));
}

function sent(made, parameter, relayState) {
  if (!made.entityEndpoint) return { url: made.context };
  return { url: made.entityEndpoint, fields: { [parameter]: made.context, RelayState: relayState } };
}

const PATHS = {
  async '/metadata'() {
    const behaviour = JSON.parse(file('behaviour.json'));
    return { type: 'application/samlmetadata+xml', body: provider(behaviour, behaviour.published).getMetadata() };
  },
  async '/sso'(request, behaviour) {
    const info = await provider(behaviour).parseLoginRequest(service(behaviour), how(request), given(request));
    const { id: asked, assertionConsumerServiceUrl: acs } = info.extract.request;
    const wanted = { info, id: asked, acs, issuer: info.extract.issuer, relayState: request.fields.RelayState || '' };
    const session = sessions.get(request.session);
    if (session) return login(behaviour, wanted, session.account);
    const token = id();
    pending.set(token, wanted);
    return { body: '<h1>Sign in</h1><form method="post" action="/login"><input type="hidden" name="pending" ' +
      `value="${token}"><input name="login"><button>Sign in</button></form>` };
  },
  async '/login'(request, behaviour) {
    const account = JSON.parse(file('people.json'))[request.fields.login];
    return login(behaviour, pending.get(request.fields.pending), account);
  },
  async '/slo'(request, behaviour) {
    const [idp, sp] = [provider(behaviour), service(behaviour)];
    if (request.fields.SAMLResponse) {
      await idp.parseLogoutResponse(sp, how(request), given(request));
      return { body: '<h1>You are signed out everywhere</h1>' };
    }
    const info = await idp.parseLogoutRequest(sp, how(request), given(request));
    sessions.delete(request.session);
    const binding = behaviour.post ? 'post' : 'redirect';
    const relayState = request.fields.RelayState || '';
    return { onward: sent(idp.createLogoutResponse(sp, info, binding, { relayState }), 'SAMLResponse', relayState) };
  },
  async '/logout'(request, behaviour) {
    const { remembered } = sessions.get(request.session);
    sessions.delete(request.session);
    const binding = behaviour.post ? 'post' : 'redirect';
    const made = provider(behaviour).createLogoutRequest(service(behaviour), binding, remembered, { relayState: 'x' });
    return { onward: sent(made, 'SAMLRequest', 'x') };
  },
};

async function login(behaviour, wanted, account) {
  const { onward, remembered } = await answer(behaviour, wanted, account);
  const session = id();
  sessions.set(session, { account, remembered });
  return { onward, cookie: `session=${session}; Path=/; HttpOnly` };
}

serve(PATHS, folder, port);
