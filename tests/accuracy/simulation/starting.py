# SPDX-License-Identifier: Apache-2.0
"""How a simulated pod starts, and starts again what ended."""
import dataclasses

from simulation.pod import Container


class Starting:
    """A part of the kubelet."""

    def start(self, pod, me):
        yield self.random.uniform(0.001, 0.02)
        self.sync_begins(pod, me)
        self.say(me, "vm.waitmount", pod=pod.ref)
        yield self.random.uniform(0.05, 0.2)
        if pod.start_trouble in ("attach", "mount") and pod.volumes:
            yield from self.volume_is_not_mounted(pod)
            return
        for v in pod.volumes:
            if v.mounted and v.plugin == "empty-dir":
                continue  # nothing to write again
            self.mount(pod, v)
        self.say(me, "vm.mounted", pod=pod.ref)
        if pod.sandbox:  # it ran before its kubelet did
            pod.phase = "Running"
            self.sync_ends(pod, me)
            return
        self.say(me, "sbx.need.6", pod=pod.ref)
        self.say(me, "sbx.creating.4", pod=pod.ref)
        if pod.start_trouble == "sandbox":
            yield from self.sandbox_is_not_run(pod, me)
            return
        yield from self.run_sandbox(pod, me)
        if pod.start_trouble == "pull":
            yield from self.pull_fails(pod, me)
            return
        for c in pod.containers:
            yield from self.until_runtime()
            if pod.terminating:
                return
            self.creating(pod, me, c)
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
        self.sync_ends(pod, me)

    def run_sandbox(self, pod, me):
        starts = None
        while starts != self.runtime.starts or not self.runtime.up:  # else it is made once more
            yield from self.until_runtime()
            starts = self.runtime.starts
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

    # --- troubles: until it is ended

    def volume_is_not_mounted(self, pod):
        v = pod.volumes[0]
        if pod.start_trouble == "attach":
            owner, error = "", self.volume_text("Volume not attached according to node status", pod, v, pod.name, v.inner)
        else:
            owner, error = pod.uid, self.volume_text("MountVolume.SetUp failed", pod, v, pod.name, v.inner) + f': {v.plugin} "{v.name}" not found'
        while True:
            self.failed_operation("reconciler", v.unique(pod.uid), owner, 0.5, error)
            yield from self.unless_ended(pod, self.random.uniform(0.5, 8))
            if pod.terminating:
                return

    def sandbox_is_not_run(self, pod, me):
        while True:
            yield 0.3
            sandbox_id = self.hex()
            error = self.runtime.network_add_error(pod, sandbox_id)
            self.runtime.run_sandbox(pod)
            self.runtime.sandbox_failed(pod, error, sandbox_id)
            self.say(me, "ctr.create.rpc.4", err=error)
            self.say(me, "sbx.fail.4", err=error, pod=pod.ref)
            self.say(me, "sbx.fail.5", err=error, pod=pod.ref)
            self.say(me, "pw.err.2", err=f'failed to "CreatePodSandbox" for "{self.full_name(pod)}" with CreatePodSandboxError: "{error}"', **self.of_pod(pod))
            yield from self.unless_ended(pod, self.random.uniform(10, 15))
            if pod.terminating:
                return

    def pull_fails(self, pod, me):
        self.event(pod, "Normal", "Pulling", 'Pulling image "x/y:1"')
        while not pod.terminating:
            self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "app" with ImagePullBackOff: "Back-off pulling image \\"x/y:1\\""', **self.of_pod(pod))
            yield from self.unless_ended(pod, self.random.uniform(10, 15))

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
                    self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "{c.name}" with CrashLoopBackOff: "back-off {waits}s restarting failed container={c.name} pod={self.full_name(pod)}"', **self.of_pod(pod))
                continue
            self.sync_begins(pod, me)
            self.creating(pod, me, c)
            self.replace(pod, c)
            self.sync_ends(pod, me)

    def change_sandbox(self, pod, me):
        """Somebody else ended it: what runs in it is killed, and starts again in another."""
        pod.syncing = True
        self.sync_begins(pod, me)
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
                    self.creating(pod, me, c)
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
