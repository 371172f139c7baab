# SPDX-License-Identifier: Apache-2.0
"""What a simulated kubelet says and leaves undone while its runtime is away: relists fail, after half a minute the sync loop stands still. Words and
order as recorded."""
import retold

CHECK_RUNTIME = 5.0
PATIENCE = 30.0  # with the runtime
FIRST_SKIP, LONGEST_SKIP = 0.1, 5.0
STRUCTURED = 21


class Outage:
    """A part of the kubelet."""

    def complain(self, who, words):
        """A line that is no event."""
        error = self.runtime.away
        self.raw(who, "E", f"{words}: {error}" if self.minor < STRUCTURED else f'"{words}" err={retold.quoted(error)}')

    def relist_fails(self):
        self.complain("pleg", "ListPodSandbox with filter from runtime service failed")
        self.complain("pleg", "Failed to list pod sandboxes")
        self.say("pleg", "pleg.noget.2", err=self.runtime.away)

    def watch_runtime(self):
        """updateRuntimeUp"""
        while True:
            if self.runtime.up:
                self.runtime_seen_at = self.loop.now
            else:
                self.complain("runtime", "Status from runtime service failed")
                self.complain("runtime", "Container runtime sanity check failed")
            yield CHECK_RUNTIME

    def sync_loop(self):
        pause = FIRST_SKIP
        while True:
            self.skips = self.loop.now - self.runtime_seen_at > PATIENCE
            if self.skips:
                self.say("sync", "loop.skip", err="container runtime is down")
                yield pause
                pause = min(pause * 2, LONGEST_SKIP)
            else:
                pause = FIRST_SKIP
                yield 0.5

    def until_synced(self):
        while self.skips:
            yield 0.05

    def heard(self, what):
        """By the sync loop."""
        def wait():
            yield from self.until_synced()
            what()
        if self.skips:
            self.go(wait())
        else:
            what()
