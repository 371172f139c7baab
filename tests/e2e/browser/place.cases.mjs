// SPDX-License-Identifier: Apache-2.0
// Where the page stands does not matter: below a proxy's prefix, with another telemetry path; and the theme that is chosen
// holds.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { closing, deleted, pod, started } from './kubelet.mjs';

// As the API server does it: the prefix is taken off, nothing in the answer is rewritten.
function proxy(target, prefix) {
  return new Promise((resolve) => {
    const asked = [];
    const server = createServer((from, to) => {
      asked.push(from.url);
      if (!from.url.startsWith(prefix)) {
        to.writeHead(404).end();
        return;
      }
      const { host, ...headers } = from.headers;
      from.pipe(request(target + from.url.slice(prefix.length - 1), { method: from.method, headers }, (answer) => {
        to.writeHead(answer.statusCode, answer.headers);
        answer.pipe(to);
      }));
    }).listen(0, '127.0.0.1', () => resolve({ base: `http://127.0.0.1:${server.address().port}`, asked, server }));
  });
}

const inFlight = () => {
  const one = pod(1);
  return [...started(one, Date.now() - 60_000), ...deleted(one, Date.now() - 20_000), closing(Date.now() - 10_000)];
};

const backdrop = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

export default {
  'below a prefix, as kubectl proxy puts it': async ({ page, serve, open }) => {
    const prefix = '/api/v1/namespaces/monitoring/pods/exporter-x:10298/proxy/';
    const server = await serve(inFlight());
    const front = await proxy(server.base, prefix);
    try {
      await open(front, prefix);
      await page.locator('#in-flight .record').first().waitFor();
      for (const link of await page.locator('a[href]').evaluateAll((links) => links.map(({ href }) => href))) {
        assert.ok(new URL(link).pathname.startsWith(prefix), link);
      }
      assert.equal(await page.getByRole('link', { name: 'Metrics' }).evaluate(({ href }) => new URL(href).pathname), `${prefix}metrics`);
      assert.deepEqual(front.asked.filter((url) => !url.startsWith(prefix)), [], 'asked for beside the prefix');
    } finally {
      await page.goto('about:blank');
      front.server.close();
      front.server.closeAllConnections();
    }
  },

  'with another telemetry path': async ({ page, serve, open }) => {
    const server = await serve(inFlight(), { options: ['--web.telemetry-path=/deep/down'] });
    await open(server);
    await page.locator('#in-flight .record').first().waitFor();
    const { href } = await page.getByRole('link', { name: 'Metrics' }).evaluate((link) => ({ href: link.href }));
    assert.equal(href, `${server.base}/deep/down`);
    assert.equal((await page.request.get(href)).status(), 200);
  },

  'the theme that is chosen holds, whatever the system has': {
    options: { colorScheme: 'dark' },
    test: async ({ page, servers, open }) => {
      await open(servers.demo);
      const system = await backdrop(page);
      const button = page.getByRole('button', { name: 'Theme' });
      await button.click();
      const light = await backdrop(page);
      assert.notEqual(light, system);
      await page.reload();
      assert.equal(await backdrop(page), light, 'forgotten');
      await button.focus();
      await page.keyboard.press('Enter');
      assert.equal(await backdrop(page), system);
      await page.emulateMedia({ colorScheme: 'light' });
      assert.equal(await backdrop(page), system, 'dark was chosen');
      await button.click();
      assert.equal(await backdrop(page), light, 'as the system has it');
    },
  },

  'what it loads is small and its own': async ({ page, serve, open, note }) => {
    const server = await serve(inFlight());
    const sizes = [];
    page.on('response', async (answer) => {
      if (new URL(answer.url()).pathname.startsWith('/web/') || new URL(answer.url()).pathname === '/') sizes.push((await answer.body()).length);
    });
    await open(server);
    await page.locator('#in-flight .record').first().waitFor();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    note(`${sizes.length} files, ${(total / 1024).toFixed(0)} KB`);
    assert.ok(total < 100 * 1024, `${total} bytes`);
  },
};
