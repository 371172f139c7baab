// SPDX-License-Identifier: Apache-2.0
// The theme switch: as the system has it, light, dark. Loaded in the head, so that the first paint is right already.
'use strict';

(() => {
  const THEMES = ['auto', 'light', 'dark'];
  const KEY = 'kubelet-lifecycle-theme';
  const SIGNS = { auto: '◐', light: '☀', dark: '☾' };

  // A browser may forbid storage: the switch works all the same, until the page is left.
  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // see above
    }
  }

  function apply(theme) {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  let theme = THEMES.includes(remembered()) ? remembered() : 'auto';
  apply(theme);

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    if (!button) return;
    const label = () => {
      button.textContent = SIGNS[theme];
      button.setAttribute('aria-label', `Theme: ${theme}. Press for the next one`);
      button.title = `Theme: ${theme}`;
    };
    button.addEventListener('click', () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      apply(theme);
      remember(theme);
      label();
    });
    label();
    button.hidden = false;
  });
})();
