// SPDX-License-Identifier: Apache-2.0
// Shows termination records (docs/API.md) as a list of rows that open into a waterfall. A classic script without imports,
// so that a report can hold it inline:
//
//   const list = new terminationRecords.List(document.getElementById('recent'), { live: false });
//   list.show(records, { scale: 'same' });  // again with newer records: rows are kept, not made anew
//
// Texts come out of a log that strangers write to: they are only ever set as textContent.
'use strict';

const terminationRecords = (() => {
  const PHASES = ['dispatch', 'prestop', 'stop_containers', 'stop_sandbox', 'unmount_volumes', 'remove_cgroup',
    'update_status', 'remove_from_api'];
  const MOST_LANES = 4; // a volume that hangs leaves four phases open
  const MANY_ROWS = 100; // then those out of sight are not laid out
  const PRECISION = {
    exact: 'the kubelet’s or the runtime’s own stamp',
    relist: 'from a relist: about a second late, more on a busy node',
    bound: 'an upper bound',
  };

  // ---- Text

  const pad = (number) => String(number).padStart(2, '0');

  // As the report prints it: 120ms 4.5s 2m03s 1h04m 3d2h
  function duration(seconds) {
    if (seconds === null || seconds === undefined) return '–';
    const whole = Math.round(seconds);
    if (seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`;
    if (seconds < 60) return `${seconds.toFixed(1)}s`;
    if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
    if (whole < 86400) return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
    return `${Math.floor(whole / 86400)}d${Math.floor((whole % 86400) / 3600)}h`;
  }

  // A moving age shows no tenths: they would only flicker.
  const age = (seconds) => (seconds < 60 ? `${Math.floor(seconds)}s` : duration(Math.floor(seconds)));

  const words = (name) => name.replaceAll('_', ' ');
  const time = (stamp) => (stamp ? `${stamp.slice(0, 10)} ${stamp.slice(11, 19)}` : '–');
  const times = (count, one) => `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;

  // ---- Elements

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function say(target, text) {
    if (target.textContent !== text) target.textContent = text;
  }

  function style(target, name, value) {
    if (target.style[name] !== value) target.style[name] = value;
  }

  // Makes the children of `parent` those of `items`, in their order. A child with the same key is kept, and with it focus,
  // selection and what is open in it. make(item) gives an object with an `element`; update(object, item) fills it.
  const kept = new WeakMap();
  function reconcile(parent, items, keyOf, make, update) {
    const before = kept.get(parent) ?? new Map();
    const after = new Map();
    const focused = document.activeElement;
    const keys = items.map((item, index) => {
      let key = keyOf(item, index);
      while (after.has(key)) key += '+';
      after.set(key, before.get(key));
      return key;
    });
    for (const [key, child] of before) if (!after.has(key)) child.element.remove();
    let at = parent.firstElementChild;
    items.forEach((item, index) => {
      const child = after.get(keys[index]) ?? make(item);
      after.set(keys[index], child);
      update(child, item);
      if (child.element === at) at = at.nextElementSibling;
      else parent.insertBefore(child.element, at);
    });
    kept.set(parent, after);
    if (focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
  }

  // ---- Geometry: everything in seconds since the request

  function startOf(record) {
    const stamps = [record.requested_at, ...record.phases.map((phase) => phase.started_at)].filter(Boolean);
    return stamps.length ? Math.min(...stamps.map(Date.parse)) : NaN;
  }

  const since = (start, stamp) => (stamp ? (Date.parse(stamp) - start) / 1000 : null);

  // How far the bars of a record reach; `now` is its age while it is in flight, else null.
  function reach(record, now) {
    if (now !== null) return now;
    const start = startOf(record);
    const ends = [record.terminated_at, record.reclaimed_at, record.removed_at, ...record.phases.map((phase) => phase.ended_at)];
    return Math.max(0, ...ends.filter(Boolean).map((stamp) => since(start, stamp)));
  }

  // The bar of something from one stamp to another; what has no end yet goes on until now.
  function bar(start, from, to, now) {
    const left = since(start, from);
    if (left === null) return null;
    const open = !to && now !== null;
    return { left, right: to ? since(start, to) : open ? now : left, open };
  }

  // Phases may overlap: each goes to the first lane that is free by then.
  function phaseBars(record, now) {
    const start = startOf(record);
    const lanes = [];
    const bars = [];
    for (const phase of record.phases) {
      const found = bar(start, phase.started_at, phase.ended_at, now);
      if (!found || found.right <= found.left) continue;
      let lane = lanes.findIndex((end) => end <= found.left + 0.002);
      if (lane < 0) lane = Math.min(lanes.length, MOST_LANES - 1);
      lanes[lane] = found.right;
      bars.push({ ...found, lane, name: phase.phase, precision: phase.precision,
        title: `${words(phase.phase)}: ${duration(phase.seconds)}${found.open ? ' (now)' : ''}` });
    }
    return bars.map((one) => ({ ...one, lanes: lanes.length }));
  }

  // ---- A track with bars and marks

  const percent = (part, whole) => `${(whole > 0 ? Math.min(100, Math.max(0, (100 * part) / whole)) : 0).toFixed(3)}%`;

  function drawTrack(track, bars, marks, scale) {
    reconcile(track, [...bars, ...marks], (one, index) => `${one.name ?? one.mark}${index}`,
      () => ({ element: element('span') }),
      ({ element: span }, one) => {
        const kind = one.mark ? `mark mark-${one.mark}` : `bar phase-${one.name} precision-${one.precision}${one.open ? ' open' : ''}`;
        if (span.className !== kind) span.className = kind;
        if (span.title !== one.title) span.title = one.title;
        style(span, 'left', percent(one.left, scale));
        if (one.mark) return;
        style(span, 'width', percent(one.right - one.left, scale));
        style(span, 'top', percent(one.lane ?? 0, one.lanes ?? 1));
        style(span, 'height', percent(1, one.lanes ?? 1));
      });
  }

  function marksOf(record, scale) {
    const start = startOf(record);
    const marks = record.failures.map((failure) => ({ mark: 'failure', left: since(start, failure.first_at),
      title: `${words(failure.reason)}, ${words(failure.phase)}` }));
    const granted = record.grace.granted_seconds;
    if (granted !== null && granted > 0 && granted < scale) {
      marks.push({ mark: 'grace', left: granted, title: `grace period granted: ${age(granted)}` });
    }
    return marks;
  }

  // ---- What opens below a row

  function facts(record) {
    const { grace } = record;
    const plus = (seconds) => (seconds === null ? '' : ` (+${duration(seconds)})`);
    return [
      ['requested', time(record.requested_at)],
      ['containers gone', time(record.terminated_at) + plus(record.termination_seconds)],
      ['volumes, cgroup gone', time(record.reclaimed_at) + plus(record.reclaim_seconds)],
      ['gone from the API', time(record.removed_at) + plus(record.deletion_seconds)],
      ['grace', `${grace.granted_seconds === null ? '–' : age(grace.granted_seconds)} granted, ${duration(grace.used_seconds)} used${grace.exceeded ? ', exceeded' : ''}`],
      ['trigger', words(record.trigger)],
      ['outcome', words(record.outcome)],
      ['state', words(record.state)],
      ['UID', record.uid || 'unknown'],
    ];
  }

  function steps(record, now) {
    const start = startOf(record);
    const phases = record.phases.map((phase) => ({ group: 'phase', label: words(phase.phase), name: phase.phase,
      precision: phase.precision, at: bar(start, phase.started_at, phase.ended_at, now), seconds: phase.seconds,
      note: phase.precision === 'exact' ? '' : `${phase.precision}: ${PRECISION[phase.precision] ?? ''}` }));
    const containers = record.containers.map((one) => ({ group: 'container', label: one.name || one.id.slice(0, 12) || 'unknown',
      name: 'stop_containers', precision: one.precision, at: bar(start, one.kill_started_at, one.exited_at, now),
      seconds: one.stop_seconds,
      note: [words(one.outcome), one.exit_code === null ? '' : `exit ${one.exit_code}`,
        one.grace_seconds === null ? '' : `grace ${age(one.grace_seconds)}`,
        one.attempts > 1 ? times(one.attempts, 'attempt') : '',
        one.prestop_outcome ? `preStop ${one.prestop_outcome} ${duration(one.prestop_seconds)}` : ''].filter(Boolean).join(', ') }));
    const volumes = record.volumes.map((one) => ({ group: 'volume', label: one.name || one.unique_name, name: 'unmount_volumes',
      precision: 'exact', at: bar(start, one.started_at, one.unmounted_at, now), seconds: one.seconds,
      note: [one.plugin, one.attempts > 1 && one.attempts !== one.failures ? times(one.attempts, 'attempt') : '',
        one.failures ? times(one.failures, one.attempts === one.failures ? 'failed attempt' : 'failure') : ''].filter(Boolean).join(', ') }));
    return [...phases, ...containers, ...volumes];
  }

  function makeStep({ group }) {
    const row = element('tr', `step step-${group}`);
    const [label, track, seconds, note] = [element('th'), element('td', 'step-bar'), element('td', 'number'), element('td', 'note')];
    label.scope = 'row';
    const name = element('span', 'step-name');
    label.append(name, element('span', 'step-kind', group));
    const bars = element('div', 'track');
    bars.setAttribute('aria-hidden', 'true');
    track.append(bars);
    row.append(label, track, seconds, note);
    return { element: row, name, bars, seconds, note };
  }

  function updateStep(row, step, scale) {
    say(row.name, step.label);
    say(row.seconds, step.seconds === null && step.at?.open ? `${age(step.at.right - step.at.left)} …` : duration(step.seconds));
    say(row.note, step.note);
    const title = `${step.label}: ${duration(step.seconds)}`;
    drawTrack(row.bars, step.at ? [{ ...step.at, name: step.name, precision: step.precision, title }] : [], [], scale);
  }

  function makeFailure() {
    const item = element('li', 'failure');
    const [head, message] = [element('p', 'failure-head'), element('pre')];
    const [reason, where] = [element('strong'), element('span')];
    head.append(reason, ' ', where);
    item.append(head, message);
    return { element: item, reason, where, message };
  }

  function updateFailure(row, failure) {
    say(row.reason, words(failure.reason));
    const until = failure.count > 1 ? `, last ${time(failure.last_at).slice(11)}` : '';
    say(row.where, `${words(failure.phase)}${failure.object ? `, ${failure.object}` : ''}, ${times(failure.count, 'time')}, ` +
      `first ${time(failure.first_at)}${until}`);
    say(row.message, failure.message + (failure.message_end ? ` … ${failure.message_end}` : ''));
  }

  function makeDetail() {
    const body = element('div', 'detail');
    const [list, table, failures] = [element('dl', 'facts'), element('table', 'steps'), element('ul', 'failures')];
    const steps = element('tbody');
    table.setAttribute('aria-label', 'phases, containers and volumes');
    failures.setAttribute('aria-label', 'failures');
    table.append(steps);
    body.append(table, failures, list);
    return { element: body, list, steps, failures };
  }

  function updateDetail(detail, record, now) {
    const scale = reach(record, now);
    reconcile(detail.list, facts(record), ([name]) => name,
      ([name]) => {
        const group = element('div');
        const value = element('dd');
        group.append(element('dt', '', name), value);
        return { element: group, value };
      },
      ({ value }, [, text]) => say(value, text));
    reconcile(detail.steps, steps(record, now), ({ group, label }) => `${group} ${label}`, makeStep,
      (row, step) => updateStep(row, step, scale));
    reconcile(detail.failures, record.failures, ({ phase, reason, object }) => `${phase} ${reason} ${object}`, makeFailure, updateFailure);
    detail.failures.hidden = record.failures.length === 0;
  }

  // ---- A row

  const isOverdue = (record) => record.state === 'in_flight' && (record.current?.overdue_seconds ?? 0) > 0;
  const keyOf = (record) => `${record.namespace}/${record.pod} ${record.uid} ${record.requested_at}`;
  // What an operator waits for; the list is sorted by it.
  const secondsOf = ({ current, termination_seconds: terminated, reclaim_seconds: reclaimed, deletion_seconds: removed }) =>
    current?.age_seconds ?? [terminated, reclaimed, removed].reduce((most, one) => (one !== null && !(one < most) ? one : most), null);

  function topReason(record) {
    if (record.current) return record.current.reason;
    return record.failures.reduce((most, one) => (one.count > (most?.count ?? 0) ? one : most), null)?.reason ?? '';
  }

  function makeRow() {
    const item = element('li', 'record');
    const details = element('details');
    const summary = element('summary');
    const part = Object.fromEntries(['time', 'extra', 'pod', 'namespace', 'badge', 'trigger', 'reason', 'hint', 'advice', 'runbook']
      .map((name) => [name, element('span', `r-${name}`)]));
    part.hint.append(part.advice, ' ', part.runbook);
    part.track = element('span', 'track r-track');
    part.track.setAttribute('aria-hidden', 'true');
    const group = (className, ...children) => {
      const made = element('span', className);
      children.forEach((child, index) => made.append(...(index ? [' ', child] : [child])));
      return made;
    };
    summary.append(group('r-times', part.time, part.extra), ' ', group('r-name', part.pod, part.namespace), ' ',
      group('r-what', part.badge, part.reason, part.trigger), ' ', part.track, ' ', part.hint);
    details.append(summary);
    item.append(details);
    return { element: item, details, summary, part, detail: null, anchor: null };
  }

  class List {
    #container;
    #live;
    #rows = new Map();
    #scale = 'same';

    // live: ages of what is in flight grow between two show().
    constructor(container, { live = false } = {}) {
      this.#container = container;
      this.#live = live;
      container.classList.add('records');
    }

    show(records, { scale = 'same' } = {}) {
      this.#scale = scale;
      this.#container.classList.toggle('many', records.length > MANY_ROWS);
      this.#rows.clear();
      reconcile(this.#container, records, keyOf, (record) => this.#make(record), (row, record) => {
        row.record = record;
        this.#anchor(row);
        this.#rows.set(row, record);
      });
      this.tick();
    }

    tick() {
      let longest = 0;
      for (const row of this.#rows.keys()) longest = Math.max(longest, reach(row.record, this.#now(row)));
      for (const row of this.#rows.keys()) this.#update(row, longest);
    }

    #make(record) {
      const row = makeRow(record);
      row.details.addEventListener('toggle', () => {
        if (row.details.open) this.tick();
      });
      return row;
    }

    // The moment of age 0 by this machine's clock. What is told is late already, never early: the earliest holds, unless
    // the clocks were set.
    #anchor(row) {
      const { current } = row.record;
      if (!current) return;
      const anchor = performance.now() / 1000 - current.age_seconds;
      const moved = row.anchor === null ? Infinity : Math.abs(anchor - row.anchor);
      row.anchor = moved > 5 ? anchor : Math.min(anchor, row.anchor);
    }

    #now({ record, anchor }) {
      if (!record.current) return null;
      return this.#live ? Math.max(record.current.age_seconds, performance.now() / 1000 - anchor) : record.current.age_seconds;
    }

    #update(row, longest) {
      const { record, part, details } = row;
      const { current, grace: { granted_seconds: grace } } = record;
      const now = this.#now(row);
      const overdue = isOverdue(record);
      const kind = `record ${current ? 'in-flight' : 'ended'}${overdue ? ' overdue' : ''}`;
      if (row.element.className !== kind) row.element.className = kind;
      say(part.pod, record.pod || 'unknown pod');
      say(part.namespace, record.namespace);
      say(part.trigger, words(record.trigger));
      part.hint.hidden = !current?.hint;
      const reason = topReason(record);
      say(part.reason, reason ? words(reason) : '');
      if (current) {
        say(part.time, age(now));
        say(part.extra, overdue ? `overdue ${age(current.overdue_seconds + now - current.age_seconds)}` : grace === null ? '' : `grace ${age(grace)}`);
        say(part.badge, words(current.phase));
        const [advice, runbook] = current.hint.split(/ (?=Runbook: )/);
        say(part.advice, advice);
        say(part.runbook, runbook ?? '');
      } else {
        say(part.time, duration(secondsOf(record)));
        say(part.extra, time(record.removed_at ?? record.reclaimed_at ?? record.terminated_at ?? record.requested_at).slice(5));
        say(part.badge, record.state === 'removed' || record.state === 'terminated' ? words(record.outcome) : words(record.state));
      }
      const badge = current ? `r-badge phase-${current.phase}` : `r-badge outcome-${record.outcome}`;
      if (part.badge.className !== badge) part.badge.className = badge;
      const scale = this.#scale === 'own' ? reach(record, now) : longest;
      drawTrack(part.track, phaseBars(record, now), marksOf(record, scale), scale);
      if (!details.open) return;
      if (!row.detail) {
        row.detail = makeDetail();
        details.append(row.detail.element);
      }
      updateDetail(row.detail, record, now);
    }
  }

  // What the colours and patterns mean, as items of the list `container`.
  function legend(container) {
    container.classList.add('legend');
    const item = (sign, text, title) => {
      const made = element('li');
      made.append(element('span', `swatch ${sign}`), text);
      if (title) made.title = title;
      container.append(made);
    };
    for (const phase of PHASES) item(`phase-${phase}`, words(phase));
    item('precision-relist', 'relist', PRECISION.relist);
    item('precision-bound', 'bound', PRECISION.bound);
    item('swatch-grace', 'grace granted');
    item('swatch-failure', 'failure');
  }

  return { List, legend, reconcile, element, say, duration, age, time, times, words, keyOf, secondsOf, isOverdue };
})();
