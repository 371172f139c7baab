// SPDX-License-Identifier: Apache-2.0
// The HTML report: shows the data that stands in the page itself. Texts are only ever set as textContent.
'use strict';

(() => {
  const { List, legend, element, say, duration, words, time } = terminationRecords;
  const at = (id) => document.getElementById(id);
  const report = JSON.parse(at('data').textContent);
  const { source, summary, terminations } = report;
  const number = (count) => count.toLocaleString('en');
  const counts = (map) => Object.entries(map).filter(([, count]) => count > 0)
    .map(([name, count]) => `${number(count)} ${words(name)}`).join(', ');

  function tiles() {
    const { termination_seconds: termination } = summary;
    const rows = [
      ['Terminations', number(summary.terminations)],
      ['Never finished', number(summary.in_flight), summary.in_flight > 0],
      ['Stuck', number(summary.stuck), summary.stuck > 0],
      ['Median to terminated', duration(termination.p50)],
      ['p99 to terminated', duration(termination.p99)],
      ['Killed after grace', number(summary.killed_after_grace)],
    ];
    for (const [name, value, bad] of rows) {
      const group = element('div', bad ? 'tile tile-bad' : 'tile');
      group.append(element('dt', '', name), element('dd', '', value));
      at('tiles').append(group);
    }
  }

  function durations() {
    const rows = [['to terminated', summary.termination_seconds], ['to gone from the API', summary.deletion_seconds],
      ...Object.entries(summary.phase_seconds).map(([name, quantiles]) => [words(name), quantiles, name]),
      ['each volume', summary.unmount_seconds]].filter(([, quantiles]) => quantiles.count > 0);
    for (const [name, quantiles, phase] of rows) {
      const row = element('tr');
      const head = element('th');
      head.scope = 'row';
      head.append(element('span', phase ? `swatch phase-${phase}` : 'swatch swatch-none'), name);
      row.append(head, element('td', 'number', number(quantiles.count)));
      for (const key of ['p50', 'p90', 'p99', 'max']) row.append(element('td', 'number', duration(quantiles[key])));
      at('durations').append(row);
    }
    at('durations-section').hidden = rows.length === 0;
  }

  function coverage() {
    const rows = [
      ['kubelet', source.kubelet_version || 'version not printed'],
      ['log level seen', `--v=${source.verbosity_seen}`],
      ['kubelet restarts', number(summary.kubelet_restarts)],
      ['lines', `${number(source.lines)} (${counts(source.formats)})`],
      ['lines missing', counts(source.gaps) || 'none'],
      ['events', number(source.events)],
      ['first event', time(source.first_event_at)],
      ['last event', time(source.last_event_at)],
      ['triggers', counts(summary.by_trigger) || 'none'],
      ['outcomes', counts(summary.by_outcome) || 'none'],
      ['failed attempts', counts(summary.failures) || 'none'],
    ];
    for (const [name, value] of rows) {
      const group = element('div', 'fact');
      group.append(element('dt', '', name), element('dd', '', value));
      at('coverage').append(group);
    }
  }

  const unfinished = new List(at('unfinished'));
  const ended = new List(at('ended'));
  const form = at('filter');
  const flying = terminations.filter((record) => record.current);
  const slowest = terminations.filter((record) => !record.current); // in this order already

  function show() {
    const wanted = form.elements.pod.value;
    const scale = form.elements.scale.value;
    const rows = slowest.filter((record) => `${record.namespace}/${record.pod}`.includes(wanted));
    unfinished.show(flying, { scale });
    ended.show(rows, { scale });
    const all = summary.terminations - summary.in_flight;
    say(at('unfinished-count'), flying.length < summary.in_flight ? `the first ${number(flying.length)} of ${number(summary.in_flight)}` : number(flying.length));
    say(at('ended-count'), rows.length < all ? `${number(rows.length)} of ${number(all)}` : number(all));
    at('ended-empty').hidden = rows.length > 0;
  }

  say(at('source'), `${report.name}, ${time(source.first_event_at)} to ${time(source.last_event_at)}`);
  say(at('version'), report.version);
  at('advice').hidden = !summary.advice;
  say(at('advice'), summary.advice);
  at('unfinished-section').hidden = flying.length === 0;
  tiles();
  durations();
  coverage();
  legend(at('legend'));
  form.addEventListener('input', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  show();
})();
