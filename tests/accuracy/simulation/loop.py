# SPDX-License-Identifier: Apache-2.0
"""The time that passes for a simulated kubelet. Goroutines are generators that yield how long they wait."""
import datetime
import heapq
import itertools

EPOCH, MICROSECOND = datetime.datetime(1970, 1, 1), datetime.timedelta(microseconds=1)
START = datetime.datetime(2026, 11, 23, 10, 0, 0)


class Loop:
    def __init__(self, start=START):
        self.start, self.steps = start, []
        self.now, self.queue, self.order = 0.0, [], itertools.count()

    def spawn(self, work, after=0.0):
        heapq.heappush(self.queue, (self.now + after, next(self.order), work))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, work = heapq.heappop(self.queue)
            try:
                self.spawn(work, next(work))
            except StopIteration:
                pass
        self.now = until

    def wall(self, t):
        """What the clock of that node shows then."""
        return self.start + datetime.timedelta(microseconds=round((t + self.ahead(t)) * 1e6))

    def set_clock(self, by):
        self.steps.append((self.now, by))

    def ahead(self, t):
        return sum(by for at, by in self.steps if at <= t)
