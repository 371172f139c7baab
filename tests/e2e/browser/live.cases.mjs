// SPDX-License-Identifier: Apache-2.0
// The page goes with the log: what a line says stands there within two seconds, nothing flickers, and it says when it knows
// nothing any more.
import assert from 'node:assert/strict';
import { closing, deleted, pod, removed, started } from './kubelet.mjs';

const WITHIN_MS = 2000; // from the line to the page

const row = (page, list, name) => page.locator(`#${list} .record`, { hasText: name });

// How long `what` takes to be seen after `append`.
async function seen(what, append) {
  const begin = Date.now();
  append();
  await what.waitFor({ timeout: 10_000 });
  return Date.now() - begin;
}

export default {
  'what a line says is on the page within 2 s': async ({ page, serve, open, note }) => {
    const pods = [...Array(4).keys()].map((number) => pod(number));
    const server = await serve(pods.flatMap((one) => started(one, Date.now() - 60_000)));
    await open(server);
    await page.locator('#in-flight-empty').waitFor();
    const took = [];
    for (const [index, one] of pods.entries()) {
      await page.waitForTimeout(260 * index); // at different moments of the exporter's and the page's own beats
      took.push(await seen(row(page, 'in-flight', one.short), () => server.append(deleted(one, Date.now()))));
      took.push(await seen(row(page, 'recent', one.short), () => server.append(removed(one, Date.now()))));
      assert.equal(await row(page, 'in-flight', one.short).count(), 0);
    }
    note(`line to page, ms: ${took.join(' ')}`);
    assert.ok(Math.max(...took) < WITHIN_MS, `took ${Math.max(...took)} ms`);
    await page.locator('#in-flight-empty').waitFor();
  },

  'ages grow between two answers, and no row is made anew': async ({ page, serve, open }) => {
    const one = pod(1);
    const server = await serve([...started(one, Date.now() - 60_000), ...deleted(one, Date.now() - 20_000)]);
    await open(server);
    const mine = row(page, 'in-flight', one.short);
    // Until the log's end is known to be one, its last line is now.
    await mine.locator('.r-time', { hasText: /^[2-9]\ds$/ }).waitFor();
    await mine.locator('summary').focus();
    await page.keyboard.press('Enter');
    await mine.locator('.steps').waitFor();
    await mine.evaluate((element) => { element.mark = 'the same'; });
    const ages = new Set();
    await page.evaluate(() => {
      window.made = 0;
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) for (const node of addedNodes) {
          // a mark comes when the age passes it
          if (node.nodeType === Node.ELEMENT_NODE && !node.matches('.mark')) window.made += 1;
        }
      }).observe(document.getElementById('in-flight'), { childList: true, subtree: true });
    });
    const begin = Date.now();
    for (let i = 0; i < 10; ++i) {
      ages.add(await mine.locator('.r-time').innerText());
      await page.waitForTimeout(350);
    }
    const passed = (Date.now() - begin) / 1000;
    const seconds = [...ages].map((text) => {
      const [, minutes = 0, rest] = text.match(/^(?:(\d+)m)?(\d+)s$/);
      return 60 * Number(minutes) + Number(rest);
    });
    assert.ok(Math.abs(seconds.at(-1) - seconds[0] - passed) < 1.6, `ages ${seconds} in ${passed} s`);
    assert.ok(seconds.length >= 3, `ages seen: ${seconds}`);
    assert.deepEqual(seconds, [...seconds].sort((a, b) => a - b), 'an age went back');
    assert.equal(await page.evaluate(() => window.made), 0, 'elements were made anew');
    assert.equal(await mine.evaluate((element) => element.mark), 'the same');
    assert.ok(await mine.locator('details').evaluate((element) => element.open), 'it closed');
    assert.ok(await mine.locator('summary').evaluate((element) => element === document.activeElement), 'it lost the focus');
  },

  'a row that is pushed down by a newer one keeps the focus and stays open': async ({ page, serve, open }) => {
    const [first, second] = [pod(1), pod(2)];
    const now = Date.now() - 60_000;
    const server = await serve([...started(first, now), ...started(second, now), ...deleted(first, now + 1000),
      ...removed(first, now + 5000), closing(now + 6000)]);
    await open(server);
    const mine = row(page, 'recent', first.short);
    await mine.locator('summary').focus();
    await page.keyboard.press('Enter');
    server.append([...deleted(second, Date.now() - 3000), ...removed(second, Date.now() - 1000)]);
    await row(page, 'recent', second.short).waitFor();
    assert.deepEqual(await page.locator('#recent .r-pod').allInnerTexts(), [second.short, first.short]);
    assert.ok(await mine.locator('summary').evaluate((element) => element === document.activeElement), 'it lost the focus');
    assert.ok(await mine.locator('details').evaluate((element) => element.open), 'it closed');
  },

  'it says when the exporter is gone, and when it is back': async ({ page, serve, open, picture, tolerate }) => {
    const one = pod(1);
    const server = await serve([...started(one, Date.now() - 60_000), ...deleted(one, Date.now() - 20_000)]);
    await open(server);
    await row(page, 'in-flight', one.short).waitFor();
    assert.equal(await page.locator('#gone').isVisible(), false);
    tolerate(/ERR_CONNECTION_|ERR_EMPTY_RESPONSE|ERR_SOCKET/);
    await server.stop();
    await page.getByRole('alert').filter({ hasText: 'The exporter does not answer' }).waitFor({ timeout: 5000 });
    assert.equal(await page.locator('#state').innerText(), 'no answer');
    await picture('gone');
    const stands = await page.locator('#in-flight .r-time').innerText();
    await page.waitForTimeout(2500);
    assert.equal(await page.locator('#in-flight .r-time').innerText(), stands, 'an age nobody knows went on');
    await server.start();
    await page.locator('#gone').waitFor({ state: 'hidden', timeout: 5000 });
    await page.locator('#state', { hasText: /^ready$/ }).waitFor({ timeout: 5000 }); // it reads the log first
    await row(page, 'in-flight', one.short).waitFor();
  },

  'it says that it is not ready, and why': async ({ page, serve, open, home, picture }) => {
    const server = await serve([], { source: ['--source=journal', `--journal.directory=${home}`], ready: false });
    const why = async () => (await (await page.request.get(`${server.base}/-/ready`)).text()).trim();
    let reason = await why();
    for (const end = Date.now() + 5000; reason === 'catching up with the log' && Date.now() < end; reason = await why()) {
      await page.waitForTimeout(100); // the journal's end is not reached yet
    }
    assert.match(reason, /no kubelet line seen yet/);
    await open(server);
    await page.locator('#not-ready').waitFor();
    assert.ok((await page.locator('#not-ready').innerText()).includes(reason));
    assert.equal(await page.locator('#state').innerText(), 'not ready');
    await picture('not-ready');
  },
};
