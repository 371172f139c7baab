// SPDX-License-Identifier: Apache-2.0
// The HTML report, opened as the file that hangs on a ticket: it says what the log says, runs nothing but its own and fetches
// nothing at all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The report of servers.NAME's log, as JSON and as an open page.
async function opened({ page, open, exporter, home }, name, ...options) {
  const report = (...how) => {
    const done = spawnSync(exporter, ['report', '--timezone=UTC', ...options, ...how, join(home, `${name}.log`)],
      { encoding: 'utf8', maxBuffer: 1e8 });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout;
  };
  const file = join(home, `${name}-report.html`);
  writeFileSync(file, report('--format=html'));
  await open({ base: `file://${file}` }, '');
  await page.locator('#tiles dd').first().waitFor();
  return JSON.parse(report('--format=json'));
}

const tile = (page, name) => page.locator('#tiles > div', { hasText: name }).locator('dd').innerText();
const total = (one) => Math.max(...[one.termination_seconds, one.reclaim_seconds, one.deletion_seconds].map((seconds) => seconds ?? -1));
const both = (test) => Object.fromEntries(['light', 'dark'].map((scheme) => [scheme,
  { options: { colorScheme: scheme }, test: (given) => test(given, scheme) }]));

const figures = both(async (given, scheme) => {
  const { page, picture } = given;
  const { summary, terminations } = await opened(given, 'demo', '--stuck.slack=20s');
  assert.equal(await tile(page, 'Terminations'), String(summary.terminations));
  assert.equal(await tile(page, 'Never finished'), String(summary.in_flight));
  assert.equal(await tile(page, 'Stuck'), String(summary.stuck));
  assert.equal(await tile(page, 'Killed after grace'), String(summary.killed_after_grace));
  assert.equal(await page.locator('#unfinished .record').count(), summary.in_flight);
  assert.equal(await page.locator('#ended .record').count(), summary.terminations - summary.in_flight);
  const slowest = terminations.filter(({ current }) => !current).sort((a, b) => total(b) - total(a));
  const rows = await page.locator('#ended .record').allInnerTexts();
  for (const [at, { pod }] of slowest.slice(0, 10).entries()) assert.ok(rows[at].includes(pod), `${pod} is the slowest but ${at}`);
  const counts = await page.locator('#durations tr', { hasText: 'to terminated' }).locator('td').first().innerText();
  assert.equal(counts, String(summary.termination_seconds.count));
  await picture(`report-${scheme}`);
});

export default {
  'it says what the JSON report says, in light': figures.light,
  'it says what the JSON report says, in dark': figures.dark,

  'a stuck pod opens into its volume and the reason': async (given) => {
    const { page } = given;
    await opened(given, 'demo', '--stuck.slack=20s');
    const stuck = page.locator('#unfinished .record', { hasText: 'volume busy' }).first();
    await stuck.locator('summary').click();
    await stuck.getByText('fuser').first().waitFor(); // the hint's first command
  },

  'the filter leaves what it names': async (given) => {
    const { page } = given;
    const { terminations } = await opened(given, 'demo');
    const one = terminations.find(({ current }) => !current);
    await page.locator('input[name=pod]').fill(one.pod);
    const shown = await page.locator('#ended .record').allInnerTexts();
    assert.equal(shown.length, terminations.filter((other) => !other.current && other.pod.includes(one.pod)).length);
    assert.ok(shown.every((text) => text.includes(one.pod)));
    await page.locator('input[name=pod]').fill('no such pod');
    await page.locator('#ended-empty').waitFor();
  },

  'hostile text stays text': async (given) => {
    const { page, servers } = given;
    await opened(given, 'hostile');
    await page.evaluate(() => document.querySelectorAll('details').forEach((one) => { one.open = true; }));
    await page.getByText('<script>window.hostile=1</script>').first().waitFor();
    await page.waitForTimeout(200); // an image's onerror comes late
    assert.equal(await page.evaluate(() => window.hostile), undefined, 'hostile script ran');
    assert.equal(await page.locator('[data-hostile], img').count(), 0, 'hostile text became elements');
    assert.ok(servers.hostile.text.startsWith('<script>'));
  },
};
