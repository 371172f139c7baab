# SPDX-License-Identifier: Apache-2.0
"""How a simulated pod starts, and starts again what ended."""
import dataclasses

import retold
from simulation.pod import Container


class Starting:
    """A part of the kubelet."""

    def start(self, pod, me):
        yield self.random.uniform(0.001, 0.02)
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))
        self.say(me, "vm.waitmount", pod=pod.ref)
        yield self.random.uniform(0.05, 0.2)
        while pod.start_trouble == "attach":
            v = pod.volumes[0]
            self.failed_operation("reconciler", v.unique(pod.uid), "", 0.5, self.volume_text("Volume not attached according to node status", pod, v, pod.name, v.inner))
            yield from self.unless_ended(pod, self.random.uniform(0.5, 8))
            if pod.terminating:
                return
        while pod.start_trouble == "mount" and pod.volumes:
            v = pod.volumes[0]
            error = self.volume_text("MountVolume.SetUp failed", pod, v, pod.name, v.inner) + f': {v.plugin} "{v.name}" not found'
            self.failed_operation("reconciler", v.unique(pod.uid), pod.uid, 0.5, error)
            yield from self.unless_ended(pod, self.random.uniform(0.5, 8))
            if pod.terminating:
                return
        for v in pod.volumes:
            if v.mounted and v.plugin == "empty-dir":
                continue  # nothing to write again
            self.mount(pod, v)
        self.say(me, "vm.mounted", pod=pod.ref)
        if pod.sandbox:  # it ran before its kubelet did
            pod.phase = "Running"
            self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))
            return
        self.say(me, "sbx.need.6", pod=pod.ref)
        self.say(me, "sbx.creating.4", pod=pod.ref)
        while pod.start_trouble == "sandbox":
            yield 0.3
            error = f'rpc error: code = Unknown desc = failed to setup network for sandbox "{self.hex()}": plugin type="bridge" failed (add): no addresses'
            self.runtime.run_sandbox(pod)
            self.runtime.sandbox_failed(pod, error)
            self.say(me, "ctr.create.rpc.4", err=error)
            self.say(me, "sbx.fail.4", err=error, pod=pod.ref)
            self.say(me, "sbx.fail.5", err=error, pod=pod.ref)
            self.say(me, "pw.err.2", err=f'failed to "CreatePodSandbox" for "{pod.name}_{pod.namespace}({pod.uid})" with CreatePodSandboxError: "{error}"', **self.of_pod(pod))
            yield from self.unless_ended(pod, self.random.uniform(10, 15))
            if pod.terminating:
                return
        yield from self.run_sandbox(pod, me)
        if pod.start_trouble == "pull":
            self.event(pod, "Normal", "Pulling", 'Pulling image "x/y:1"')
            while not pod.terminating:
                self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "app" with ImagePullBackOff: "Back-off pulling image \\"x/y:1\\""', **self.of_pod(pod))
                yield from self.unless_ended(pod, self.random.uniform(10, 15))
            return
        for c in pod.containers:
            yield from self.until_runtime()
            if pod.terminating:
                return
            self.say(me, "ctr.creating.2", containerType="container" if c.kind == "app" else "init container", container=c.name, pod=pod.ref)
            self.runtime.create(pod, c)
            yield self.random.uniform(0.05, 0.3)
            self.run(pod, c)
            self.runtime.runs(c)
            if c.kind == "init":
                while c.state == "running" or c.relisted != "exited":
                    yield 0.1
                    if pod.terminating:
                        return
        pod.phase = "Running"
        self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))

    def run_sandbox(self, pod, me):
        yield from self.until_runtime()
        self.runtime.run_sandbox(pod)
        yield self.random.uniform(0.2, 0.5)
        pod.sandbox = Container("", self.hex(), "sandbox")
        self.run(pod, pod.sandbox)
        self.runtime.sandbox_runs(pod)
        self.say(me, "sbx.created.2", podSandboxID=pod.sandbox.id, pod=pod.ref)

    def unless_ended(self, pod, seconds):
        until = self.loop.now + seconds
        while self.loop.now < until and not pod.terminating:
            yield 0.05

    # --- again

    def start_again(self, pod, me):
        """At once, then in back-off."""
        for c in [one for one in pod.containers if one.kind == "app" and one.state == one.relisted == "exited"]:
            waits = 10 * 2 ** (c.attempt - 1) if c.attempt else 0
            if not self.runtime.up:
                continue
            if self.loop.now < c.exited_at + waits:
                if c.id not in self.backed_off:
                    self.backed_off.add(c.id)
                    self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "{c.name}" with CrashLoopBackOff: "back-off {waits}s restarting failed container={c.name} pod={pod.name}_{pod.namespace}({pod.uid})"', **self.of_pod(pod))
                continue
            self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
            self.say(me, "sync.enter.2", **self.of_pod(pod))
            self.say(me, "ctr.creating.2", containerType="container", container=c.name, pod=pod.ref)
            self.replace(pod, c)
            self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))

    def change_sandbox(self, pod, me):
        """Somebody else ended it: what runs in it is killed, and starts again in another."""
        pod.syncing = True
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))
        self.say(me, "sbx.need.8", pod=pod.ref)
        self.say(me, "sbx.stopdead.3", pod=pod.ref)
        errors = yield from self.kill_pod(pod, me, pod.grace)
        if errors:
            yield from self.unless_ended(pod, self.random.uniform(10, 15))
        elif not pod.terminating:
            pod.earlier.append(pod.sandbox)
            pod.sandbox, pod.sandbox_gone_at = None, None
            pod.sandboxes += 1
            self.say(me, "sbx.creating.4", pod=pod.ref)
            yield from self.run_sandbox(pod, me)
            for c in [one for one in pod.containers if one.kind != "init"]:
                if not pod.terminating:
                    self.say(me, "ctr.creating.2", containerType="container" if c.kind == "app" else "init container", container=c.name, pod=pod.ref)
                    self.replace(pod, c)
                    yield self.random.uniform(0.05, 0.3)
        pod.syncing = False

    def replace(self, pod, c):
        """Another run of that container."""
        again = dataclasses.replace(c, id=self.hex(), state="created", exited_at=None, code=None, relisted="non-existent", kills=[], hook_from=None, hook_to=None, hook_outcome=None, hook_ends=[], attempt=c.attempt + 1, removed=False)
        pod.containers[pod.containers.index(c)] = again
        pod.earlier.append(c)
        self.runtime.create(pod, again)
        self.run(pod, again)
        self.runtime.runs(again, after=0.05)
