// SPDX-License-Identifier: Apache-2.0
// The pictures that the documents show: ./dev pictures.
const SCREENS = {
  'page-light': { viewport: { width: 1180, height: 1080 }, colorScheme: 'light' },
  'page-dark': { viewport: { width: 1180, height: 1080 }, colorScheme: 'dark' },
  'page-phone': { viewport: { width: 390, height: 1000 }, colorScheme: 'light', isMobile: true },
};

const cases = {};
for (const [name, options] of Object.entries(SCREENS)) {
  cases[name] = {
    options,
    test: async ({ page, servers, open, picture }) => {
      await open(servers.demo);
      const stuck = page.locator('.overdue', { hasText: 'volume busy' }).first();
      await stuck.waitFor();
      if (!options.isMobile) await stuck.locator('summary').click();
      await page.waitForTimeout(500); // bars have come to rest
      await picture(name, {});
    },
  };
}
export default cases;
