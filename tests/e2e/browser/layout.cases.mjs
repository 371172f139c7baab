// SPDX-License-Identifier: Apache-2.0
// Wide and narrow, light and dark: nothing sticks out, and every text can be read.
import assert from 'node:assert/strict';

const LEAST_CONTRAST = 4.5; // WCAG 2.1 AA for running text

const SCREENS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

// In the page: the texts whose colour is too near to what lies behind them.
function pale(least) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  const layers = (colours) => {
    for (const colour of colours) {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
    }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const complaints = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const behind = [];
    for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const back = luminance(layers(['Canvas', ...behind]));
    const front = luminance(layers([...['Canvas', ...behind], getComputedStyle(element).color]));
    const contrast = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    if (contrast < least) complaints.push(`${contrast.toFixed(1)}: ${text.slice(0, 40)}`);
  }
  return complaints;
}

// Past the right edge of the screen, without a scrolling box of its own around it.
function overhang() {
  const root = document.scrollingElement;
  return { content: root.scrollWidth, screen: document.documentElement.clientWidth };
}

const cases = {};
for (const [screen, options] of Object.entries(SCREENS)) {
  for (const colorScheme of ['light', 'dark']) {
    for (const server of ['demo', 'hostile']) {
      cases[`${server} on a ${screen}, ${colorScheme}`] = {
        options: { ...options, colorScheme },
        test: async ({ page, servers, open, picture }) => {
          await open(servers[server]);
          await page.getByText(servers[server].pod).first().waitFor();
          await picture(`${server}-${screen}-${colorScheme}`);
          const { content, screen: width } = await page.evaluate(overhang);
          assert.equal(width, options.viewport.width);
          assert.ok(content <= width, `${content} pixels wide on a screen of ${width}`);
          assert.deepEqual((await page.evaluate(pale, LEAST_CONTRAST)).slice(0, 5), []);
        },
      };
    }
  }
}
export default cases;
