// Pages around a provider's library: forms that carry messages on, cookies, what a request held. Settings are read
// from the folder at every request, as in pages.py.
'use strict';

const { randomBytes } = require('node:crypto');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const escape = text => text.replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`);
const id = () => `_${randomBytes(16).toString('hex')}`;

function page(result) {
  if (!result.onward) return result.body;
  const fields = Object.entries(result.onward.fields).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
  return `<form method="post" action="${escape(result.onward.url)}">${fields.join('')}<button>Go</button></form>`;
}

function reply(response, result) {
  const headers = result.cookie ? { 'Set-Cookie': result.cookie } : {};
  if (result.onward && !result.onward.fields) {
    response.writeHead(302, { ...headers, Location: result.onward.url }).end();
    return;
  }
  response.writeHead(result.status || 200, { ...headers, 'Content-Type': result.type || 'text/html' });
  response.end((result.type ? '' : '<!DOCTYPE html><title>Provider</title>') + page(result));
}

// `paths` maps each path to a function of the request and the behaviour that gives what to reply.
function serve(paths, folder, port) {
  http.createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', chunk => chunks.push(chunk));
    incoming.on('end', async () => {
      const url = new URL(incoming.url, `http://127.0.0.1:${port}`);
      const posted = incoming.method === 'POST';
      const fields = Object.fromEntries(posted ? new URLSearchParams(Buffer.concat(chunks).toString()) : url.searchParams);
      const session = /session=([^;]*)/.exec(incoming.headers.cookie || '');
      const request = { posted, fields, query: url.search.slice(1), session: session ? session[1] : '' };
      try {
        if (!paths[url.pathname]) throw new Error(`there is no page ${url.pathname}`);
        reply(response, await paths[url.pathname](request, JSON.parse(readFileSync(path.join(folder, 'behaviour.json'), 'utf8'))));
      } catch (error) {
        console.error(error);
        reply(response, { status: 400, body: `<h1>Refused</h1><p>${escape(String(error))}</p>` });
      }
    });
  }).listen(Number(port), '127.0.0.1');
}

module.exports = { escape, id, serve };
