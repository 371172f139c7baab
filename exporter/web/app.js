// SPDX-License-Identifier: Apache-2.0
// The live page: asks the API, shows what it says, and says so when nothing answers. Paths are relative, so that the page
// works below a proxy's prefix too.
'use strict';

(() => {
  const { List, legend, reconcile, element, say, duration, age, time, times, words, secondsOf, isOverdue } = terminationRecords;
  const POLL_MS = 400;
  const TIMEOUT_MS = 5000;
  const GONE_AFTER = 2; // failed polls in a row: one may be a restart
  const MOST_ROWS = 500;
  const FIELDS = ['namespace', 'pod', 'state', 'sort', 'scale'];
  const IN_FLIGHT = new Set(['in_flight', 'overdue']);

  const at = (id) => document.getElementById(id);
  const form = at('filter');
  const inFlight = new List(at('in-flight'), { live: true });
  const recent = new List(at('recent'));
  const answers = new Map(); // by path: { etag, body }
  let failures = 0;
  let lastAnswer = null;

  // ---- Filter, kept in the address so that a link shows the same

  function filter() {
    return Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
  }

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of FIELDS) {
      const field = form.elements[name];
      field.value = given.get(name) ?? '';
      if (field.selectedIndex === -1) field.value = '';
    }
  }

  function writeAddress() {
    const set = Object.entries(filter()).filter(([, value]) => value);
    const hash = new URLSearchParams(set).toString();
    history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
  }

  function wanted({ namespace, pod, state }) {
    return (record) => (!namespace || record.namespace === namespace) && (!pod || record.pod.includes(pod)) &&
      (!state || (state === 'overdue' ? isOverdue(record) : record.state === state));
  }

  function sorted(records, sort) {
    const seconds = (record) => secondsOf(record) ?? -1;
    if (sort === 'longest') return records.sort((a, b) => seconds(b) - seconds(a));
    if (sort === 'shortest') return records.sort((a, b) => seconds(a) - seconds(b));
    return records.sort((a, b) => isOverdue(b) - isOverdue(a)); // the rest stays as it came
  }

  // ---- Asking

  // The JSON there; the same object as before when nothing changed.
  async function ask(path) {
    const known = answers.get(path);
    const headers = known ? { 'If-None-Match': known.etag } : {};
    const answer = await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.status === 304) return known.body;
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
    const body = await answer.json();
    answers.set(path, { etag: answer.headers.get('ETag'), body });
    return body;
  }

  const latest = () => ['api/v1/status', `api/v1/terminations?state=in_flight&limit=1000`, `api/v1/terminations?state=recent&limit=1000`];
  const bodyOf = (path) => answers.get(path)?.body;

  async function poll() {
    const [status, flying, ended] = latest();
    const before = bodyOf(status);
    try {
      if ((await ask(status)) !== before || failures || !bodyOf(ended)) {
        await Promise.all([ask(flying), ask(ended)]);
        show();
      }
      failures = 0;
      lastAnswer = Date.now();
    } catch (error) {
      failures += 1;
    }
    showHealth();
  }

  // ---- Showing

  function show() {
    const [status, flying, ended] = latest().map(bodyOf);
    if (!status || !flying || !ended) return;
    const set = filter();
    const match = wanted(set);
    showList(inFlight, 'in-flight', flying.terminations, match, set, status.terminations.in_flight);
    showList(recent, 'recent', ended.terminations, match, set, ended.terminations.length);
    at('in-flight').closest('section').hidden = set.state !== '' && !IN_FLIGHT.has(set.state);
    at('recent').closest('section').hidden = IN_FLIGHT.has(set.state);
    showNamespaces([...flying.terminations, ...ended.terminations]);
    showTiles(status, ended.terminations);
    showCoverage(status);
    say(at('version'), status.version);
    if (at('metrics').getAttribute('href') !== status.links.metrics) at('metrics').href = status.links.metrics;
  }

  function showList(list, id, records, match, set, total) {
    const wantedNow = JSON.stringify([set, total]);
    if (list.shown === records && list.wanted === wantedNow) return;
    list.shown = records;
    list.wanted = wantedNow;
    const matching = sorted(records.filter(match), set.sort);
    const rows = matching.slice(0, MOST_ROWS);
    list.show(rows, { scale: set.scale || 'same' });
    const filtered = set.namespace || set.pod || set.state;
    let count = '';
    if (rows.length < matching.length) count = `the first ${rows.length} of ${matching.length}; a filter narrows them`;
    else if (filtered) count = `${matching.length} of ${total}`;
    else if (rows.length < total) count = `the oldest ${rows.length} of ${total}`;
    else if (total) count = String(total);
    say(at(`${id}-count`), count);
    at(`${id}-empty`).hidden = rows.length > 0;
    if (rows.length === 0) say(at(`${id}-empty`), records.length ? 'None matches the filter.' : emptyText(id));
  }

  function emptyText(id) {
    if (id === 'in-flight') return 'No pod is terminating on this node.';
    return 'No termination has ended since this exporter began to read.';
  }

  function showNamespaces(records) {
    const names = [...new Set(records.map((record) => record.namespace))].sort();
    reconcile(at('namespaces'), names, (name) => name, () => ({ element: element('option') }), (option, name) => {
      option.element.value = name;
    });
  }

  function median(seconds) {
    const order = seconds.filter((value) => value !== null).sort((a, b) => a - b);
    return order.length ? order[Math.ceil(order.length / 2) - 1] : null; // by nearest rank, as the report has it
  }

  function showTiles(status, ended) {
    const { in_flight: flying, overdue, oldest_age_seconds: oldest } = status.terminations;
    const measured = ended.map((record) => record.termination_seconds);
    showFacts(at('tiles'), 'tile', [
      ['In flight', String(flying)],
      ['Overdue', String(overdue), overdue > 0],
      ['Oldest in flight', flying ? age(oldest) : '–'],
      ['Recent', String(ended.length)],
      ['Median of recent', duration(median(measured))],
      ['Log lag', duration(status.source.lag_seconds)],
    ]);
  }

  function showFacts(list, className, rows) {
    reconcile(list, rows, ([name]) => name, ([name]) => {
      const group = element('div');
      const value = element('dd');
      group.append(element('dt', '', name), value);
      return { element: group, value };
    }, (row, [, text, bad]) => {
      row.element.className = bad ? `${className} ${className}-bad` : className;
      say(row.value, text);
    });
  }

  const counts = (map) => Object.entries(map).filter(([, count]) => count > 0)
    .map(([name, count]) => `${count.toLocaleString('en')} ${words(name)}`).join(', ');

  function showCoverage({ kubelet, source, signals, advice }) {
    say(at('advice'), advice);
    reconcile(at('signals'), signals, ({ signal }) => signal, () => ({ element: element('li') }), (item, one) => {
      item.element.className = `signal${one.available ? '' : ' signal-missing'}`;
      say(item.element, words(one.signal) + (one.available ? '' : ` (from --v=${one.verbosity})`));
    });
    showFacts(at('coverage'), 'fact', [
      ['kubelet', kubelet.version || 'version not printed yet'],
      ['log level seen', `--v=${kubelet.verbosity_seen}`],
      ['kubelet restarts', String(kubelet.restarts)],
      ['lines', `${source.lines.toLocaleString('en')}${source.lines ? ` (${counts(source.formats)})` : ''}`],
      ['events', source.events.toLocaleString('en')],
      ['last event', source.last_event_at ? time(source.last_event_at) : 'none yet'],
      ['gaps', counts(source.gaps) || 'none'],
      ['lines suppressed', source.lines_suppressed.toLocaleString('en')],
      ['parse errors', counts(source.parse_errors) || 'none'],
      ['unreadable journal files', counts(source.files_unreadable) || 'none'],
      ['lag', duration(source.lag_seconds)],
    ]);
  }

  function showHealth() {
    const status = bodyOf(latest()[0]);
    const gone = failures >= GONE_AFTER;
    const state = at('state');
    const kind = gone ? 'gone' : !status ? 'asking' : status.ready ? 'ready' : 'not-ready';
    state.className = `state state-${kind}`;
    say(state, { gone: 'no answer', asking: 'asking …', ready: 'ready', 'not-ready': 'not ready' }[kind]);
    document.documentElement.dataset.state = kind;
    at('gone').hidden = !gone;
    if (gone) {
      const from = lastAnswer === null ? '' : ` What stands here is from ${time(new Date(lastAnswer).toISOString())} UTC.`;
      say(at('gone'), `The exporter does not answer.${from} This page goes on asking.`);
    }
    at('not-ready').hidden = kind !== 'not-ready';
    if (kind === 'not-ready') say(at('not-ready'), `Not ready: ${status.reason}. What stands here may be incomplete.`);
    document.title = `${status?.terminations.overdue ? `(${status.terminations.overdue}) ` : ''}kubelet-lifecycle-exporter`;
  }

  // ---- Keys

  const typing = (target) => target.closest?.('input, select, textarea') !== null && target.closest !== undefined;

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      form.reset();
      document.activeElement?.blur();
      return;
    }
    if (typing(event.target)) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const inRow = event.target.closest?.('.records');
    if (event.key === '/') {
      form.elements.pod.focus();
    } else if (step && (inRow || event.key === 'j' || event.key === 'k')) {
      move(step);
    } else {
      return;
    }
    event.preventDefault();
  }

  // Through both lists as if they were one.
  function move(step) {
    const headers = [...document.querySelectorAll('.record summary')].filter((header) => header.checkVisibility());
    const here = headers.indexOf(document.activeElement);
    headers[here < 0 ? (step > 0 ? 0 : headers.length - 1) : here + step]?.focus();
  }

  // ---- Running

  function onFilter() {
    writeAddress();
    show();
  }

  form.addEventListener('input', onFilter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(onFilter)); // the fields are empty only after the event
  window.addEventListener('hashchange', () => {
    readAddress();
    show();
  });
  document.addEventListener('keydown', onKey);

  // Nobody looks at a hidden page: it asks nothing, and asks at once when it is seen again.
  let wake = () => {};
  document.addEventListener('visibilitychange', () => wake());
  async function run() {
    for (;;) {
      if (!document.hidden) await poll();
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, POLL_MS);
      });
    }
  }

  // Ages stand still while nothing answers: nobody knows whether they still grow.
  setInterval(() => {
    if (!document.hidden && failures < GONE_AFTER) inFlight.tick();
  }, 1000);

  legend(at('legend'));
  readAddress();
  run();
})();
