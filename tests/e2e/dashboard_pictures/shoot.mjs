// SPDX-License-Identifier: Apache-2.0
// shoot.mjs {"modules", "chromium", "base", "jobs": [{"data", "theme", "to"}]}: opens each and keeps its picture.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const given = JSON.parse(process.argv[2]);
const { chromium } = createRequire(join(given.modules, 'x'))('playwright-core');
const NOT_OURS = /\/favicon\.ico$|\/public\/fonts\//; // Grafana's own font, which its packages do not hold
const PATIENCE = 300_000; // ms: a machine may be busy
const browser = await chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox', '--disable-gpu'], timeout: PATIENCE });
let complaints = 0;
for (const { data, theme, to } of given.jobs) {
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
  page.setDefaultTimeout(PATIENCE);
  const say = (what) => { complaints += 1; console.log(`${data} ${theme}: ${what}`); };
  page.on('console', (message) => message.type() === 'error' && !NOT_OURS.test(message.location().url) && say(`${message.text().slice(0, 600)} ${message.location().url}`));
  page.on('pageerror', (error) => say((error.stack ?? error.message).slice(0, 600)));
  await page.goto(`${given.base}/index.html?data=${data}&theme=${theme}`);
  await page.waitForSelector('#page').catch((error) => say(error.message));
  await page.waitForTimeout(2500); // uPlot draws in its own time
  const page_ = await page.$('#page');
  if (page_) await page_.screenshot({ path: to });
  await page.close();
}
await browser.close();
process.exitCode = complaints ? 1 : 0;
