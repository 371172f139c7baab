# SPDX-License-Identifier: Apache-2.0
"""A log file that is written while it is read: in pieces that end anywhere, rotated meanwhile as logrotate does it."""
import gzip
import os
import shutil
import time


TICK = 0.01  # of a file's times, which tell in what order logs were written


class GrowingFile:
    def __init__(self, path, random):
        self.path, self.random = path, random
        self.turn = 0
        self.out = open(path, "ab", buffering=0)

    def write(self, text, rotations):
        data = text.encode()
        ends = [at + 1 for at, byte in enumerate(data) if byte == 0x0A]
        turns = set(self.random.sample(ends, min(rotations, len(ends))))
        cuts = sorted({*turns, *self.random.sample(range(1, len(data)), min(len(ends), 60)), len(data)})
        begin = 0
        for cut in cuts:
            self.out.write(data[begin:cut])
            begin = cut
            if cut in turns:
                self.random.choice([self.rename, self.rename_late, self.copy_and_truncate])()
                time.sleep(TICK)
            time.sleep(self.random.choice([0, 0.001, 0.02]))

    def close(self):
        self.out.close()

    def rotated(self):
        self.turn += 1
        return self.path.with_name(f"{self.path.name}.{self.turn:03d}")

    def reopen(self):
        self.out.close()
        self.out = open(self.path, "ab", buffering=0)

    def rename(self):
        self.path.rename(self.rotated())
        self.reopen()

    def rename_late(self):
        """Its writer is told later, and the one before is packed."""
        packed = sorted(self.path.parent.glob(self.path.name + ".0??"))[:-1]
        self.path.rename(self.rotated())
        time.sleep(0.02)
        self.reopen()
        for path in packed:
            self.pack(path)

    @staticmethod
    def pack(path):
        written = path.stat().st_mtime_ns
        beside = path.with_name(path.name + ".gz")
        with gzip.open(beside, "wb") as out:
            out.write(path.read_bytes())
        os.utime(beside, ns=(written, written))
        path.unlink()

    def copy_and_truncate(self):
        shutil.copyfile(self.path, self.rotated())
        os.truncate(self.path, 0)
