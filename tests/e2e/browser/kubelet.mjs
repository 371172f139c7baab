// SPDX-License-Identifier: Apache-2.0
// Lines as a kubelet at -v=4 prints them, and an exporter of one's own that follows them.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const two = (number) => String(number).padStart(2, '0');

export function line(at, text, severity = 'I') {
  const date = new Date(at);
  const micros = String(date.getUTCMilliseconds() * 1000).padStart(6, '0');
  return `${severity}${two(date.getUTCMonth() + 1)}${two(date.getUTCDate())} ${two(date.getUTCHours())}:` +
    `${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${micros}    4321 kubelet.go:1] ${text}`;
}

const hex = (number, digit) => number.toString(16).padStart(8, '0') + digit.repeat(56);
const uidOf = (number) => `${number.toString(16).padStart(8, '0')}-ee39-4974-a2cc-9bf0a48e5c13`;
const pleg = ({ name, uid }, type, id) => `"SyncLoop (PLEG): event for pod" pod="${name}" event={"ID":"${uid}","Type":"${type}","Data":"${id}"}`;

// Pod number `number` with one container.
export function pod(number, { namespace = 'prod', name = `web-${number}` } = {}) {
  return { name: `${namespace}/${name}`, short: name, uid: uidOf(number), app: hex(number, 'a'), sandbox: hex(number, 'b') };
}

export const started = (one, at) => [
  line(at, `"SyncLoop ADD" source="api" pods=["${one.name}"]`),
  line(at, pleg(one, 'ContainerStarted', one.sandbox)),
  line(at, pleg(one, 'ContainerStarted', one.app)),
];

export const deleted = (one, at) => [
  line(at, `"SyncLoop DELETE" source="api" pods=["${one.name}"]`),
  line(at + 1, `"Killing container with a grace period" pod="${one.name}" podUID="${one.uid}" containerName="app" ` +
    `containerID="containerd://${one.app}" gracePeriod=30`),
];

export const removed = (one, at) => [
  line(at, `"Container exited normally" pod="${one.name}" podUID="${one.uid}" containerName="app" containerID="containerd://${one.app}"`),
  line(at + 300, pleg(one, 'ContainerDied', one.app)),
  line(at + 300, pleg(one, 'ContainerDied', one.sandbox)),
  line(at + 400, `"SyncLoop REMOVE" source="api" pods=["${one.name}"]`),
];

// A line that is no event: the one before it is known to be complete.
export const closing = (at) => line(at, '"Nothing happened"');

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(url, child) {
  for (let tries = 200; tries > 0 && child.exitCode === null; --tries) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}

// `serve` on a file of these lines, or with the arguments `source`. It is gone when the case ends; see run.mjs.
export async function serve({ exporter, home }, lines, { source, options = [], ready = true } = {}) {
  const folder = mkdtempSync(join(home, 'case-'));
  const log = join(folder, 'kubelet.log');
  writeFileSync(log, lines.map((one) => `${one}\n`).join(''));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const server = {
    base,
    append: (more) => appendFileSync(log, more.map((one) => `${one}\n`).join('')),
    async start() {
      server.child = spawn(exporter, ['serve', ...(source ?? ['--source=file', `--file.path=${log}`, '--timezone=UTC']),
        `--web.listen-address=127.0.0.1:${port}`, `--state.path=${folder}/state`, ...options], { stdio: 'ignore' });
      await answers(base + (ready ? '/-/ready' : '/-/healthy'), server.child);
    },
    stop(signal = 'SIGKILL') {
      const { child } = server;
      if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
      return new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill(signal);
      });
    },
    async end() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
