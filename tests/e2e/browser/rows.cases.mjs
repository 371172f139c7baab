// SPDX-License-Identifier: Apache-2.0
// None, one, many: rows, their order, the filter, what opens below a row.
import assert from 'node:assert/strict';
import { closing, deleted, pod, removed, started } from './kubelet.mjs';

const QUICK_MS = 1500; // of work, for a thousand rows, and from a key to those that match

const names = (page, list) => page.locator(`#${list} .r-pod:visible`).allInnerTexts();
const rows = (page, list) => page.locator(`#${list} .record`);

// `count` ended, one second apart; number n took n seconds, but never more than 20.
function ended(count) {
  const begin = Date.now() - 1_000_000;
  const lines = [];
  for (let number = 1; number <= count; ++number) {
    const one = pod(number, { namespace: number % 2 ? 'odd' : 'even' });
    const at = begin + 1000 * number;
    lines.push([at - 500, started(one, at - 500)], [at, deleted(one, at)], [at + 1000 * Math.min(number, 20), removed(one, at + 1000 * Math.min(number, 20))]);
  }
  lines.sort(([a], [b]) => a - b);
  return [...lines.flatMap(([, more]) => more), closing(begin + 1000 * count + 30_000)];
}

function inFlight(count) {
  const begin = Date.now() - 20_000;
  const pods = [...Array(count).keys()].map((number) => pod(number));
  return [...pods.flatMap((one) => started(one, begin)), ...pods.flatMap((one, index) => deleted(one, begin + 1000 + index))];
}

export default {
  'nothing: both lists say so': async ({ page, serve, open, picture }) => {
    await open(await serve([]));
    await page.getByText('No pod is terminating on this node.').waitFor();
    await page.getByText('No termination has ended since this exporter began to read.').waitFor();
    assert.equal(await page.locator('.record').count(), 0);
    await picture('empty');
  },

  'one in flight': async ({ page, serve, open }) => {
    await open(await serve(inFlight(1)));
    await rows(page, 'in-flight').first().waitFor();
    assert.deepEqual(await names(page, 'in-flight'), ['web-0']);
    assert.equal(await page.locator('#in-flight-empty').isVisible(), false);
    assert.equal(await page.locator('#in-flight-count').innerText(), '1');
  },

  // By the time that the page's own thread worked, so that a busy machine does not matter.
  'five hundred ended and five hundred in flight, quickly': async ({ page, serve, open, note }) => {
    const server = await serve([...ended(500), ...inFlight(500)]);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const worked = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
    await open(server);
    await rows(page, 'in-flight').nth(499).waitFor();
    await rows(page, 'recent').nth(499).waitFor();
    const shown = await worked();
    await page.getByLabel('Pod').fill('web-49');
    assert.equal(await rows(page, 'recent').count(), 11); // 49, 490 ... 499
    const filtered = (await worked()) - shown;
    note(`1000 rows shown in ${shown.toFixed(0)} ms, filtered in ${filtered.toFixed(0)} ms`);
    assert.ok(shown < QUICK_MS && filtered < QUICK_MS, `${shown} ms, ${filtered} ms`);
  },

  'more than are shown: it says how many there are': async ({ page, serve, open }) => {
    await open(await serve(inFlight(620)));
    await rows(page, 'in-flight').nth(499).waitFor();
    assert.equal(await rows(page, 'in-flight').count(), 500);
    assert.match(await page.locator('#in-flight-count').innerText(), /the first 500 of 620/);
  },

  'filter by namespace, pod and state, kept in the address': async ({ page, serve, open }) => {
    const server = await serve([...ended(6), ...inFlight(2)]);
    await open(server);
    await rows(page, 'recent').nth(5).waitFor();
    await page.getByLabel('Namespace').fill('even');
    assert.deepEqual(await names(page, 'recent'), ['web-6', 'web-4', 'web-2']);
    assert.deepEqual(await names(page, 'in-flight'), []);
    await page.getByLabel('Pod').fill('-4');
    assert.deepEqual(await names(page, 'recent'), ['web-4']);
    assert.equal(await page.locator('#recent-count').innerText(), '1 of 6');
    const link = new URL(page.url());
    assert.equal(link.hash, '#namespace=even&pod=-4');
    await page.getByRole('button', { name: 'Clear' }).click();
    await rows(page, 'recent').nth(5).waitFor();
    assert.equal(new URL(page.url()).hash, '');
    await page.getByLabel('State').selectOption('in_flight');
    assert.deepEqual(await names(page, 'in-flight'), ['web-0', 'web-1']);
    assert.equal(await page.locator('#recent').isVisible(), false);

    const another = await page.context().newPage(); // who is given the link sees the same
    await another.goto(link.href);
    await rows(another, 'recent').first().waitFor();
    assert.deepEqual(await names(another, 'recent'), ['web-4']);
    assert.equal(await another.getByLabel('Namespace').inputValue(), 'even');
  },

  'nothing matches: it says so': async ({ page, serve, open }) => {
    await open(await serve(ended(2)), '/#pod=nobody');
    await page.locator('#recent-empty', { hasText: 'None matches the filter.' }).waitFor();
  },

  'sorted by duration': async ({ page, serve, open }) => {
    await open(await serve(ended(4)));
    await rows(page, 'recent').nth(3).waitFor();
    const order = page.getByLabel('Order');
    await order.selectOption('shortest');
    assert.deepEqual(await names(page, 'recent'), ['web-1', 'web-2', 'web-3', 'web-4']);
    await order.selectOption('longest');
    assert.deepEqual(await names(page, 'recent'), ['web-4', 'web-3', 'web-2', 'web-1']);
    const widths = await page.locator('#recent .r-track').evaluateAll((tracks) => tracks.map((track) =>
      Math.max(...[...track.querySelectorAll('.bar')].map((bar) => parseFloat(bar.style.left) + parseFloat(bar.style.width)))));
    assert.deepEqual(widths, [...widths].sort((a, b) => b - a), 'bars to one scale');
    await page.getByLabel('Bars').selectOption('own');
    assert.equal(new URL(page.url()).hash, '#sort=longest&scale=own');
  },

  'an overdue one comes first, with phase, reason and hint': async ({ page, servers, open }) => {
    await open(servers.hostile);
    const first = rows(page, 'in-flight').first();
    await first.and(page.locator('.overdue')).waitFor();
    const [record] = (await (await page.request.get(`${servers.hostile.base}/api/v1/terminations?state=in_flight`)).json()).terminations;
    const text = await first.innerText();
    for (const part of [record.pod, record.namespace, record.current.phase.replaceAll('_', ' '),
      record.current.reason.replaceAll('_', ' '), record.current.hint, 'overdue']) {
      assert.ok(part && text.includes(part), `no '${part}' in ${text}`);
    }
  },

  'a row opens into a line for each phase, container, volume and failure': async ({ page, servers, open, picture }) => {
    await open(servers.demo);
    const { terminations } = await (await page.request.get(`${servers.demo.base}/api/v1/terminations`)).json();
    const richest = terminations.reduce((most, one) => (one.volumes.length + one.failures.length > most.volumes.length + most.failures.length ? one : most));
    const mine = page.locator('.record', { hasText: richest.pod }).first();
    await mine.locator('.bar').first().waitFor({ state: 'attached' });
    await mine.locator('summary').click();
    await mine.locator('.step').first().waitFor();
    assert.equal(await mine.locator('.step-phase').count(), richest.phases.length);
    assert.equal(await mine.locator('.step-container').count(), richest.containers.length);
    assert.equal(await mine.locator('.step-volume').count(), richest.volumes.length);
    assert.equal(await mine.locator('.failure').count(), richest.failures.length);
    const text = await mine.innerText();
    for (const { message } of richest.failures) assert.ok(text.includes(message.split('\n')[0].slice(0, 60)), message);
    await picture('opened');
  },

  'by keyboard alone': async ({ page, serve, open }) => {
    await open(await serve(ended(3)));
    await rows(page, 'recent').nth(2).waitFor();
    const pod = () => page.evaluate(() => document.activeElement.closest('.record')?.querySelector('.r-pod').textContent);
    await page.keyboard.press('j');
    assert.equal(await pod(), 'web-3');
    await page.keyboard.press('ArrowDown');
    assert.equal(await pod(), 'web-2');
    await page.keyboard.press('k');
    assert.equal(await pod(), 'web-3');
    await page.keyboard.press('Enter');
    await page.locator('#recent .detail').waitFor();
    await page.keyboard.press('Space');
    await page.locator('#recent .detail').waitFor({ state: 'hidden' });
    await page.keyboard.press('/');
    await page.keyboard.type('web-1');
    assert.deepEqual(await names(page, 'recent'), ['web-1']);
    await page.keyboard.press('Escape');
    await rows(page, 'recent').nth(2).waitFor();
  },
};
