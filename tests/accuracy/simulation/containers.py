# SPDX-License-Identifier: Apache-2.0
"""A simulated kubelet's containers: how they run and stop, what a relist finds of them, and what removes them."""
RELIST = 1.0
RUNTIME_ENDED = "rpc error: code = Unavailable desc = error reading from server: EOF"


class Containers:
    """A part of the kubelet."""

    def run(self, pod, c):
        c.state = "running"
        if c.lives is not None:
            def life():
                yield c.lives
                self.exit(pod, c, c.end_code)
            self.loop.spawn(life())

    def exit(self, pod, c, code):
        if c.state == "running":
            c.state, c.exited_at, c.code = "exited", round(self.loop.now, 6), code
            self.runtime.exited(c)

    def stop(self, pod, c, grace):
        """SIGTERM, SIGKILL after the grace; returns when the call does."""
        code, wait = (137, grace) if c.stop_after is None or c.stop_after > grace else (c.stop_code, c.stop_after)
        if not self.runtime.up:
            return self.runtime.away
        until, epoch, starts = self.loop.now + wait, self.epoch, self.runtime.starts
        returns = (0.02, 0.12) if c.state == "running" else (0.001, 0.002)
        self.runtime.stop(c, grace)

        def signalled():
            yield wait
            if code != 137 or self.runtime.starts == starts and (self.epoch == epoch or self.runtime.kills_for_nobody):
                if code == 137 and c.state == "running":
                    self.runtime.kill(c)
                self.exit(pod, c, code)
        self.loop.spawn(signalled())
        try:
            while c.state == "running":
                yield 0.02 if self.loop.now >= until else max(0.02, min(until - self.loop.now, 0.1))
                if not self.runtime.up:
                    return RUNTIME_ENDED
            yield self.random.uniform(*returns)
        except GeneratorExit:
            self.runtime.not_stopped(c, "rpc error: code = Canceled desc = context canceled")
            raise
        self.runtime.stopped(c)
        return None

    def until_runtime(self):
        while not self.runtime.up:
            yield 0.1

    # --- relists

    def pleg(self):
        while True:
            changes = []
            if not self.runtime.up:
                self.relist_fails()
            for pod in self.pods if self.runtime.up else ():
                for c in pod.all_containers():
                    state = "non-existent" if c.removed or c.state == "created" else c.state
                    if c.relisted != state:
                        changes.append((pod, c, c.relisted, state))
                        c.relisted = state
            for pod, c, old, new in changes:
                self.say("pleg", "pleg.trans.2", podUID=pod.uid, containerID=c.id, oldState=old, newState=new)
            events = []
            for pod, c, old, new in changes:
                if old != "exited":
                    events.append((pod, c, "ContainerStarted" if new == "running" else "ContainerDied"))
                if new == "exited" and c is not pod.sandbox:
                    self.say("pleg", "pleg.finished", podID=pod.uid, containerID=c.id, exitCode=str(c.code))
            self.relists += self.runtime.up
            if events:
                self.turn += 1
                self.go(self.deliver(events, self.turn), self.random.uniform(0, 0.002) + self.random.random() * self.busy)
            yield RELIST + self.random.uniform(0, 0.05) + self.random.random() * self.busy

    def deliver(self, events, turn):
        while self.delivered != turn - 1 or self.skips:
            yield 0.001
        self.delivered = turn
        for pod, c, what in events:
            if pod.known:
                self.say("sync", "loop.pleg", pod=pod.ref, event=[pod.uid, what, c.id])
            else:
                self.say("sync", "loop.pleg.ignored", event=[pod.uid, what, c.id])
            self.relisted(pod)
            if what == "ContainerDied":
                self.clean_up(pod, c)
        yield 0.0

    def relisted(self, pod):
        """The sync loop has seen that one of its containers changed."""

    # --- what is left

    def clean_up(self, pod, died):
        """What a container leaves behind: all of a pod that is deleted or evicted and killed, else but one of that name."""
        if self.to_be_removed(pod):
            self.remove_containers(pod, [c for c in pod.all_containers() if c.relisted == "exited"])
        elif died.kind == "sandbox":
            self.say("sync", "pleg.notfound.2", containerID=died.id)
        else:
            self.remove_containers(pod, [c for c in pod.earlier if c.name == died.name and c is not died])

    def to_be_removed(self, pod):
        return pod.evicted or pod.forgotten or ((pod.deleted or pod.shut_down or not pod.known) and pod.killed)

    def remove_containers(self, pod, containers):
        for c in containers:
            if c.kind != "sandbox" and c.state == "exited" and not c.removed:
                c.removed = True
                self.go(self.remove_container(c), self.random.uniform(0.0005, 0.01))

    def remove_container(self, c):
        self.raw("deletor", "I", f'"RemoveContainer" containerID="{c.id}"')
        self.runtime.remove(c)
        yield 0.0

    def collect_garbage(self):
        while True:
            yield 60
            for pod in self.pods:
                self.remove_containers(pod, pod.all_containers() if self.to_be_removed(pod) else [])
            yield 0.05
            for pod in self.pods:
                for box in [one for one in pod.all_containers() if one.kind == "sandbox" and not one.removed and one.state == "exited"]:
                    held = any(c.within == box.id and not c.removed for c in pod.all_containers() if c.kind != "sandbox" and c.within)
                    if not held and (box is not pod.sandbox or (self.to_be_removed(pod) and pod.sandbox_gone_at is not None)):
                        box.removed = True
                        self.runtime.remove_sandbox(pod, box)
