// SPDX-License-Identifier: Apache-2.0
// What the page tells and where it leads.
import assert from 'node:assert/strict';

const LINKS = ['/metrics', '/-/healthy', '/-/ready', '/api/v1/terminations'];

const hrefs = (page) => page.locator('a[href]').evaluateAll((links) => links.map((link) => link.href));

export default {
  'title, heading, language and version': async ({ page, servers, version, open }) => {
    const answer = await open(servers.demo);
    assert.match(answer.headers()['content-type'], /^text\/html; charset=utf-8$/);
    assert.match(await page.title(), /kubelet-lifecycle-exporter/);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await page.locator('h1').count(), 1);
    await page.locator('#state', { hasText: /^ready$/ }).waitFor();
    assert.ok((await page.locator('body').innerText()).includes(version), `no ${version} on the page`);
  },

  'it says that it is ready': async ({ page, servers, open }) => {
    await open(servers.demo);
    await page.locator('#state', { hasText: /^ready$/ }).waitFor();
    assert.doesNotMatch(await page.locator('body').innerText(), /not ready/i);
  },

  'it links to metrics, health, readiness and records, and every link answers': async ({ page, servers, open }) => {
    await open(servers.demo);
    const links = (await hrefs(page)).map((href) => new URL(href));
    for (const path of LINKS) assert.ok(links.some((url) => url.pathname === path), `no link to ${path}`);
    for (const url of links.filter(({ origin }) => origin === servers.demo.base)) {
      assert.equal((await page.request.get(url.href)).status(), 200, url.href);
    }
  },

  'a click on the metrics link shows the metrics': async ({ page, servers, open }) => {
    await open(servers.demo);
    await page.getByRole('link', { name: 'Metrics' }).click();
    await page.waitForURL(`${servers.demo.base}/metrics`);
    assert.match(await page.locator('body').innerText(), /kubelet_lifecycle_build_info\{/);
  },

  'every link is reached by the keyboard': async ({ page, servers, open }) => {
    await open(servers.demo);
    const missed = new Set(await hrefs(page));
    for (let presses = 10 * missed.size; presses > 0 && missed.size; --presses) {
      await page.keyboard.press('Tab');
      missed.delete(await page.evaluate(() => document.activeElement?.closest('a')?.href));
    }
    assert.deepEqual([...missed], []);
  },

  'every pod in flight is on it': async ({ page, servers, open }) => {
    const records = await (await page.request.get(`${servers.demo.base}/api/v1/terminations?state=in_flight`)).json();
    assert.ok(records.terminations.length >= 3, 'the recorded log has pods in flight');
    await open(servers.demo);
    for (const { pod } of records.terminations) await page.getByText(pod).first().waitFor();
  },
};
