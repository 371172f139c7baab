# SPDX-License-Identifier: Apache-2.0
"""How a simulated pod ends: its containers are killed, its sandbox is stopped, what it had is given back."""
import retold
from simulation.containers import RUNTIME_ENDED

SIDECARS_LAST = 29  # since when sidecars go after the others, and the override is told before the hook
DEADLINE_EXCEEDED = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"


class Ending:
    """A part of the kubelet."""

    def effective_grace(self, pod):
        if pod.override is not None:
            return pod.override
        if pod.delete_grace is not None:
            return max(pod.delete_grace, 1) if self.minor >= 27 else pod.delete_grace or pod.grace
        return pod.grace

    def terminate(self, pod, me):
        yield self.random.uniform(0.0001, 0.001)
        while pod.syncing:
            yield 0.01
        self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
        self.say(me, "pw.observed.2", **self.of_uid(pod))
        while True:
            self.say(me, "ting.enter.2", **self.of_pod(pod))
            self.say(me, "st.generating.2", podIsTerminal=retold.Bare("false"), pod=pod.ref)
            if self.minor < 27:
                yield self.random.uniform(0, 0.3)
            grace = self.effective_grace(pod)
            if pod.trigger in ("finished", "deadline") and not pod.deleted:
                self.say(me, "ting.grace.2", gracePeriod="nil", **self.of_pod(pod))
                grace = pod.grace
            else:
                self.say(me, "ting.grace.1", gracePeriod=str(grace), **self.of_pod(pod))
                if pod.granted is None:
                    pod.granted = grace
            errors = yield from self.kill_pod(pod, me, grace)
            if not errors:
                break
            error = self.aggregate(errors)
            if self.minor >= 31:
                self.say(me, "unhandled", err=error, logger="UnhandledError")
            else:
                self.raw(me, "E", error)
            self.say(me, "ting.exit.2", **self.of_pod(pod))
            self.say(me, "pw.err.2", err=error, **self.of_pod(pod))
            self.say(me, "pw.event.done.2", updateType=1, **self.of_pod(pod))
            relists = self.relists
            yield self.random.choice((self.random.uniform(0.6, 1.3), self.random.uniform(10, 15)))
            while self.relists == relists:  # its worker looks at nothing older
                yield 0.01
            self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
        states = [(c.name, "exited", str(c.code), self.wall(c.exited_at, "T") + "Z") for c in pod.containers if c.state == "exited"]
        yield self.random.uniform(0.01, 0.1)
        self.say(me, "ting.post.j", containers=states, **self.of_pod(pod))
        self.say(me, "st.generating.2", podIsTerminal=retold.Bare("true"), pod=pod.ref)
        self.say(me, "ting.stopped", **self.of_pod(pod))
        self.say(me, "ting.exit.2", **self.of_pod(pod))
        at = self.say(me, "pw.termOK.2", **self.of_uid(pod))
        pod.terminated_at = pod.terminated_at or at
        pod.killed = True
        self.say(me, "pw.event.done.2", updateType=1, **self.of_pod(pod))
        if pod.phase == "Running" or pod.phase == "Pending":
            pod.phase = "Failed" if any(c.code for c in pod.containers if c.kind == "app") or not pod.sandbox else "Succeeded"

    def kill_pod(self, pod, me, grace, **more):
        running = [c for c in pod.containers if c.state == "running"]
        waits, errors, turns = len(running), [], {"apps": sum(c.kind == "app" for c in running)}
        for c in running:
            self.go(self.kill(pod, c, grace, errors, turns, **more))
        turns["left"] = waits
        while turns["left"]:
            yield 0.01
        if pod.sandbox and pod.sandbox_gone_at is None:
            yield self.random.uniform(0.01, 0.05)
            yield from self.stop_sandbox(pod, me, running, errors)
        elif pod.sandbox:
            self.stop_again(pod, pod.sandbox)
        for box in pod.earlier:
            if box.kind == "sandbox" and not box.removed:
                self.stop_again(pod, box)
        return errors

    # --- containers

    def kill(self, pod, c, grace, errors, turns):
        me = f"kill {c.id}"
        yield self.random.uniform(0.0001, 0.002)
        self.event(pod, "Normal", "Killing", f"Stopping container {c.name}")
        override, left = grace, grace
        if self.minor >= SIDECARS_LAST:
            self.say(me, "kill.override.1", gracePeriod=str(override), **self.of_container(pod, c))
        if c.hook and left > 0 and c.hook_to is None:
            left -= yield from self.hook(pod, c, me, left)
        if self.minor >= SIDECARS_LAST and c.kind == "sidecar":
            begun = self.loop.now
            while turns["apps"] > 0 and self.loop.now - begun < left:
                yield 0.05
            left -= int(self.loop.now - begun)
        if self.minor < SIDECARS_LAST:
            left = override
            self.say(me, "kill.override.1", gracePeriod=str(override), **self.of_container(pod, c))
        else:
            left = max(left, 2)
        yield from self.kill_container(pod, c, me, left, errors)
        turns["left"] -= 1
        turns["apps"] -= c.kind == "app"

    def hook(self, pod, c, me, grace):
        how, takes = c.hook
        at = self.say(me, "pre.start.2", **self.of_container(pod, c))
        c.hook_from = c.hook_from or at
        if how == "hangs" or takes > grace:
            yield grace
            c.hook_to = self.say(me, "pre.timeout.2", gracePeriod=str(grace), **self.of_container(pod, c))
            c.hook_outcome = "timeout"
            pod.fail("prestop", "prestop_timeout")
            return grace
        yield takes
        if how == "fails":
            self.say(me, "hook.fail.5" if self.minor >= 34 else "hook.fail.1", err="command '/bin/x' exited with 1: ", execCommand="[/bin/x]", containerName=c.name, pod=pod.ref, message="")
            self.say(me, "pre.fail.2", err="command '/bin/x' exited with 1: ", **self.of_container(pod, c))
            self.event(pod, "Warning", "FailedPreStopHook", f'Exec lifecycle hook ([/bin/x]) for Container "{c.name}" in Pod "{self.full_name(pod)}" failed - error: command \'/bin/x\' exited with 1: , message: ""')
        c.hook_to = self.say(me, "pre.done.2", **self.of_container(pod, c))
        c.hook_outcome = "failed" if how == "fails" else "completed"
        return int(takes)

    def kill_container(self, pod, c, me, left, errors):
        c.kills.append((self.say(me, "kill.start", gracePeriod=str(left), **self.of_container(pod, c)), left))
        if c.kill_fails:
            c.kill_fails -= 1
            self.runtime.stop(c, left)
            yield left
            self.runtime.kill(c)
            yield 15
            self.runtime.not_stopped(c, "rpc error: code = DeadlineExceeded desc = an error occurs during waiting for container to be killed: context deadline exceeded")
            self.kill_failed(pod, c, me, left, errors, DEADLINE_EXCEEDED, "runtime_stop_timeout")
        elif error := (yield from self.stop(pod, c, left)):
            self.kill_failed(pod, c, me, left, errors, error, "runtime_down")
        else:
            self.say(me, "kill.done", **self.of_container(pod, c))

    def kill_failed(self, pod, c, me, left, errors, error, reason):
        self.say(me, "ctr.stop.rpc.2", err=error, containerID=c.id)
        self.say(me, "kill.fail", err=error, gracePeriod=str(left), **self.of_container(pod, c))
        self.say(me, "kill.fail2", err=error, **{**self.of_container(pod, c), "containerID": [self.runtime.scheme, c.id]})
        errors.append(f'failed to "KillContainer" for "{c.name}" with KillContainerError: {retold.quoted(error)}')
        pod.fail("stop_containers", reason)

    # --- the sandbox

    def stop_sandbox(self, pod, me, running, errors):
        sandbox, up = pod.sandbox, self.runtime.up
        self.runtime.stop_sandbox(pod, sandbox)
        keeps = self.runtime.sandbox_needs_network_gone and pod.sandbox_fails > 0
        if up and self.runtime.network_goes_first:
            yield pod.cni_takes
        elif up:
            self.kill_running(pod, running)
        if up and self.runtime.up and not keeps:
            if self.runtime.sandbox_needs_network_gone:
                self.kill_running(pod, running)
            self.exit(pod, sandbox, 0)
        if up and not self.runtime.network_goes_first:
            yield pod.cni_takes
        if not self.runtime.up:
            self.sandbox_not_stopped(pod, me, errors, RUNTIME_ENDED if up else self.runtime.away, "runtime_down")
        elif pod.sandbox_fails:
            pod.sandbox_fails -= 1
            text = self.runtime.network_delete_error(pod)
            self.runtime.sandbox_not_stopped(sandbox, text.partition("desc = ")[2])
            self.sandbox_not_stopped(pod, me, errors, text, "cni_teardown")
        else:
            pod.sandbox_gone_at = self.loop.now
            self.runtime.sandbox_stopped(sandbox)

    def kill_running(self, pod, running):
        """A runtime does not leave them alone."""
        for c in running:
            if c.state == "running" and not (pod.sandbox_fails and self.random.random() < 0.5):
                self.runtime.kill(c)
                self.exit(pod, c, 137)

    def sandbox_not_stopped(self, pod, me, errors, text, reason):
        self.say(me, "sbx.stop.rpc.2", err=text, podSandboxID=pod.sandbox.id)
        self.say(me, "sbx.stop.fail.2", podSandboxID=[self.runtime.scheme, pod.sandbox.id])
        errors.append(f'failed to "KillPodSandbox" for "{pod.uid}" with KillPodSandboxError: {retold.quoted(text)}')
        pod.fail("stop_sandbox", reason)

    def stop_again(self, pod, box):
        self.runtime.stop_sandbox(pod, box)
        self.runtime.sandbox_stopped(box)

    # --- what is left

    def reclaim(self, pod, me):
        self.say(me, "pw.event.2", updateType=2, **self.of_pod(pod))
        mounted = [v for v in pod.volumes if v.mounted]
        for v in mounted:
            self.say("populator", "dsw.rm", volumeName=v.inner, **self.of_pod(pod))
        for v in mounted:
            self.go(self.unmount(pod, v), self.random.uniform(0.05, 0.3))
        relists = self.relists
        while self.relists == relists:
            yield 0.01
        self.say(me, "ted.enter.2", **self.of_pod(pod))
        yield from self.wait_for_unmount(pod, me, mounted)
        self.say(me, "ted.vol", **self.of_pod(pod))
        if self.minor >= 27:
            while any(v.mounted for v in mounted):
                self.say(me, "ted.volnotclean", **self.of_pod(pod))
                yield 0.1
            self.say(me, "ted.volpaths", **self.of_pod(pod))
        yield self.random.uniform(0.002, 0.05)
        at = self.say(me, "ted.cgroup", **self.of_pod(pod))
        pod.cgroup_at = pod.cgroup_at or at
        self.say(me, "ted.final", **self.of_pod(pod))
        self.say(me, "ted.exit.2", **self.of_pod(pod))
        pod.completed_at = self.say(me, "pw.complete.2", **self.of_uid(pod))
        pod.done = True
        self.say(me, "pw.event.done.2", updateType=2, **self.of_pod(pod))
        self.say(me, "pw.stopped", podUID=pod.uid)
        self.go(self.status(pod, mounted))

    def status(self, pod, mounted):
        me = "status"
        yield self.random.uniform(0.003, 0.1) if self.minor >= 27 else self.random.uniform(0.1, 3)
        while any(v.mounted for v in mounted):
            self.say(me, "rec.vol", pod=pod.ref)
            yield self.random.uniform(1, 8)
        while not pod.deleted:  # its object stays until somebody deletes it
            yield 1.0
        if not pod.exists or not pod.known:
            return
        self.say(me, "sm.patch.4", patch='{"metadata":{"uid":"' + pod.uid + '"}}', **self.of_pod(pod))
        name = "sm.finished" if self.minor >= 27 else "rec.done"
        more = {"phase": pod.phase, "localPhase": pod.phase} if self.minor >= 27 else {}
        pod.reclaimed_at = self.say(me, name, pod=pod.ref, podUID=pod.uid, **more)
        yield from self.object_goes(pod)

    def object_goes(self, pod):
        yield self.random.uniform(0.003, 0.02)
        pod.exists = pod.finalizer
        self.tell_of(pod, not pod.finalizer)
        yield self.random.uniform(0.003, 0.02)
        return self.say("status", "sm.removed.2", pod=pod.ref)

    def forget(self, pod):
        while not pod.done or not self.runtime.up or self.skips:
            yield 0.2
        yield self.random.uniform(0.1, 2)
        self.say("housekeeping", "pw.rm.history", podUID=pod.uid)
        pod.forgotten = True
        self.say("housekeeping", "kv.orphan.3", podUID=pod.uid, path=f"/var/lib/kubelet/pods/{pod.uid}/volumes")
