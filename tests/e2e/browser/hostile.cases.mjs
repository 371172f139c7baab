// SPDX-License-Identifier: Apache-2.0
// Texts that strangers put into the log, or into an address, stay text. The log of servers.hostile holds servers.hostile.text
// as a failure's message and as a container's name.
import assert from 'node:assert/strict';

async function stayedText(page) {
  await page.waitForTimeout(200); // an image's onerror comes late
  assert.equal(await page.evaluate(() => window.hostile), undefined, 'hostile script ran');
  assert.equal(await page.locator('[data-hostile], img[src="x"]').count(), 0, 'hostile text became elements');
}

export default {
  'the records hold the hostile text': async ({ page, servers }) => {
    const answer = await page.request.get(`${servers.hostile.base}/api/v1/terminations?state=in_flight`);
    const [record] = (await answer.json()).terminations;
    assert.ok(record.failures.some(({ message }) => message.includes(servers.hostile.text)), 'a message');
    assert.ok(record.containers.some(({ name }) => name === servers.hostile.text), "a container's name");
  },

  'the page': async ({ page, servers, open }) => {
    await open(servers.hostile);
    await page.getByText(servers.hostile.pod).first().waitFor();
    await stayedText(page);
  },

  'everything on the page opened': async ({ page, servers, open }) => {
    await open(servers.hostile);
    await page.getByText(servers.hostile.pod).first().waitFor();
    await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
    for (const button of await page.locator('button:visible, [aria-expanded="false"]:visible').all()) await button.click();
    await stayedText(page);
  },

  'the records as a page of their own': async ({ page, servers, open }) => {
    await open(servers.hostile, '/api/v1/terminations');
    await stayedText(page);
  },

  'the metrics as a page of their own': async ({ page, servers, open }) => {
    await open(servers.hostile, '/metrics');
    await stayedText(page);
  },

  'in the address': async ({ page, servers, open }) => {
    const text = encodeURIComponent(servers.hostile.text);
    await open(servers.hostile, `/?q=${text}#${text}`);
    await stayedText(page);
  },

  'in the address of nothing': async ({ page, servers, open, expected }) => {
    const answer = await open(servers.hostile, `/${encodeURIComponent(servers.hostile.text)}`);
    assert.equal(answer.status(), 404);
    await stayedText(page);
    expected(/^answer 404/);
    expected(/^console: .*404/);
  },
};
