// SPDX-License-Identifier: Apache-2.0
// Runs every case of the *.cases.mjs beside it (or of another suite), each in a fresh browser context, and holds each page to what any page of
// ours must keep: no error on the console, no request elsewhere, no answer that is an error, no dialog.
//
// A case: async ({page, servers, exporter, home, serve, open, picture, note, expected, tolerate}); it fails by throwing. What it needs
// comes as JSON in argv[2]: see page.py.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as kubelet from './kubelet.mjs';

const given = JSON.parse(process.argv[2]);
const { chromium } = createRequire(join(given.modules, 'x'))('playwright-core');
const CASE_SECONDS = 60;

// Asked for by the browser, not by the page, whenever it likes.
const isIcon = (url) => url.endsWith('/favicon.ico');

// A request under way when the page is left.
const LOST_SOCKET = /net::ERR_SOCKET_NOT_CONNECTED/;
const isCutOff = (complaint) => /^request failed: .* net::ERR_ABORTED$/.test(complaint) || LOST_SOCKET.test(complaint);

function watch(page, origin) {
  const complaints = [];
  page.on('console', (message) => {
    const wanted = ['error', 'warning'].includes(message.type()) && !isIcon(message.location().url);
    if (wanted) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin()) complaints.push(`request to ${url}`);
  });
  page.on('requestfailed', (request) => complaints.push(`request failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400 && !isIcon(response.url())) complaints.push(`answer ${response.status()} of ${response.url()}`);
  });
  return complaints;
}

async function timed(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${CASE_SECONDS} s`)), CASE_SECONDS * 1000);
  });
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function run(browser, { test, options, name }) {
  const context = await browser.newContext(options);
  const own = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(CASE_SECONDS * 1000);
    let origin = '';
    const complaints = watch(page, () => origin);
    const open = async (server, path = '/') => {
      origin = new URL(server.base).origin;
      const go = () => page.goto(server.base + path);
      // Chromium's own: on a busy machine its network process loses a socket before it is used.
      return go().catch((error) => {
        if (!LOST_SOCKET.test(error.message)) throw error;
        return go();
      });
    };
    const picture = (file, how = { fullPage: true }) => page.screenshot({ path: join(given.pictures, `${file}.png`), ...how });
    // What a case provokes on purpose is taken off the complaints, and must have been there.
    const expected = (pattern) => {
      const at = complaints.findIndex((complaint) => pattern.test(complaint));
      if (at < 0) throw new Error(`expected ${pattern} among ${JSON.stringify(complaints)}`);
      complaints.splice(at, 1);
    };
    // What may come any number of times, from now on.
    const tolerated = [];
    const tolerate = (pattern) => tolerated.push(pattern);
    const serve = async (...what) => {
      own.push(await kubelet.serve(given, ...what));
      return own.at(-1);
    };
    const note = (text) => console.log(`      ${name}: ${text}`);
    const { servers, version, home, exporter } = given;
    await timed(test({ page, servers, version, home, exporter, serve, open, picture, note, expected, tolerate }));
    await page.goto('about:blank'); // it asks no server that ends now
    const left = complaints.filter((complaint) => !tolerated.some((pattern) => pattern.test(complaint)) && !isCutOff(complaint));
    if (left.length) throw new Error(left.join('; '));
  } finally {
    await context.close();
    for (const server of own) await server.end();
  }
}

const cases = [];
for (const file of readdirSync(import.meta.dirname ?? new URL('.', import.meta.url).pathname).sort()) {
  if (!file.endsWith(`.${given.suite}.mjs`)) continue;
  for (const [name, value] of Object.entries((await import(`./${file}`)).default)) {
    const one = { name: `${file.split('.')[0]}: ${name}`, ...(typeof value === 'function' ? { test: value } : value) };
    if (new RegExp(given.only).test(one.name)) cases.push(one);
  }
}

const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ['--no-sandbox', '--disable-gpu'], // root has no sandbox; the page is our own
  timeout: 60_000,
});
console.log(`Chromium ${browser.version()}, ${cases.length} cases, pictures in ${given.pictures}`);
let failed = 0;
for (const one of cases) {
  const begin = Date.now();
  try {
    await run(browser, one);
    console.log(`ok    ${one.name}, ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${one.name}: ${error.message}`);
  }
}
await browser.close();
console.log(`${cases.length - failed} of ${cases.length} cases passed`);
process.exitCode = failed || !cases.length ? 1 : 0;
