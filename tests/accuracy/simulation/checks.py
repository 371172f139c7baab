# SPDX-License-Identifier: Apache-2.0
"""What a record says of a simulated pod's end, held field by field against what happened, as precisely as the record itself says it is."""
import collections

import score
from simulation.loop import START
from simulation.volumes import BY_UNIQUE_NAME

NEAR = 0.005  # goroutines
EPOCH = score.stamp(START.isoformat() + "Z")


def seconds(text):
    return None if text is None else score.stamp(text) - EPOCH


class Check:
    all_have_uids = False

    def __init__(self, world, level):
        self.kubelet, self.level, self.off = world.kubelet, level, []
        self.relist = 1.1 + 2 * world.busy + 0.1
        self.end = world.length

    @staticmethod
    def seconds(text):
        return seconds(text)

    def that(self, pod, good, what, detail=""):
        if not good:
            self.off.append(f"{pod.ref}: {what}: {detail}")

    def same(self, pod, what, got, wanted):
        self.that(pod, got == wanted, what, f"{got} against {wanted}")

    def near(self, pod, what, got, wanted, low=NEAR, high=NEAR):
        if got is None or wanted is None:
            return self.same(pod, what, got, wanted)
        self.that(pod, wanted - low <= got <= wanted + high, what, f"{got:.6f} against {wanted:.6f}")

    def by_pod(self, found):
        """[(pod, its records)]; what is nobody's is off."""
        by_uid = collections.defaultdict(list)
        for record in found["terminations"]:
            by_uid[record["uid"]].append(record)
        for pod in self.kubelet.pods:
            yield pod, by_uid.pop(pod.uid, []) or self.nameless(pod, by_uid.get("", []))
        for uid, records in by_uid.items():
            if uid or self.all_have_uids:
                self.off.append(f"of nobody: {uid} {records[0]['pod']}")

    def nameless(self, pod, records):
        """Killed and gone by name alone."""
        return [] if self.all_have_uids else [record for record in records if record["pod"] == pod.name]

    def all(self, found):
        for pod, records in self.by_pod(found):
            if pod.trigger in (None, "finished"):
                made_up = [r for r in records if r["trigger"] != "finished"]
                self.that(pod, not made_up, "made up", [r["trigger"] for r in made_up])
                continue
            if self.kubelet.runtime.starts > 1 and pod.case in ("probed", "sandbox-dies"):
                continue  # its life's kills may have failed, and be made again
            if self.level < 3 and pod.trigger in ("eviction", "preemption", "deadline") and ("stop_containers", "runtime_down") in pod.failures:
                continue  # told when it is over: the kills that failed are taken for its life's
            if self.kubelet.starts[1:] and (pod.trigger == "deadline" or pod.case in ("probed", "shortened", "sandbox-dies")):
                continue  # what the former kubelet had begun, the next one does not say
            if pod.cut and (pod.terminated_at is None or pod.trigger in ("eviction", "preemption", "deadline", "node_shutdown")):
                continue  # what became of it, a restarted kubelet does not say
            if pod.idle and self.level < 4 and not pod.volumes and pod.case != "pending":
                continue  # nothing ran, and nothing is unmounted
            if pod.unsaid and self.level < 4 and not pod.volumes and pod.failures:
                continue
            if pod.unsaid and self.level < 4 and (pod.removed_at is None or pod.idle):
                continue  # told when it is over
            if self.level < 3 and pod.trigger == "deadline" and (not pod.volumes or pod.deleted):
                continue  # nobody says so
            unsaid = self.level < 4 and pod.trigger in ("eviction", "preemption", "deadline")  # told when it is over
            if unsaid and not records and (pod.terminated_at is None or self.end - pod.terminated_at < 12):
                continue
            self.that(pod, len(records) == 1, "one record", len(records))
            if len(records) == 1:
                self.pod(pod, records[0])

    def pod(self, pod, record):
        level = self.level
        trigger = pod.trigger
        self.same(pod, "trigger", record["trigger"], trigger)
        if pod.unsaid and level < 4:
            pass  # it begins with its first kill
        elif trigger in ("api_delete", "force_delete", "static_removed", "node_shutdown") or level >= 4:
            self.near(pod, "requested_at", self.seconds(record["requested_at"]), pod.requested_at, 0.03 if trigger in ("deadline", "preemption", "eviction") else NEAR, 0.03)
        self.near(pod, "removed_at", self.seconds(record["removed_at"]), pod.removed_at if not pod.static else None)
        self.terminated(pod, record, level)
        self.containers(pod, record)
        self.volumes(pod, record)
        self.failures(pod, record)
        self.state(pod, record)
        self.current(pod, record)
        self.phases(pod, record)
        if level >= 4 and pod.granted is not None:
            self.same(pod, "granted", record["grace"]["granted_seconds"], pod.granted)

    def terminated(self, pod, record, level):
        got = self.seconds(record["terminated_at"])
        if level >= 4:
            self.near(pod, "terminated_at", got, pod.terminated_at)
        elif pod.terminated_at and got is not None and pod.sandbox:
            low = {"relist": pod.sandbox.exited_at, "bound": pod.sandbox_gone_at, "exact": pod.sandbox_gone_at}[record["termination_precision"]]
            if self.kubelet.starts[1:] and not pod.known:
                return  # its volumes may go first
            if not pod.volumes and (pod.trigger == "force_delete" or pod.static or pod.case == "shortened"):
                low = pod.sandbox.exited_at - 1  # nothing tells
            self.that(pod, got >= low - NEAR, "terminated_at too early", f"{got} against {low} {record['termination_precision']}")
            high = max(pod.sandbox_gone_at, pod.terminated_at) + self.relist + 1
            self.that(pod, got <= high, "terminated_at too late", f"{got} against {high} {record['termination_precision']}")
        elif pod.terminated_at and pod.sandbox and self.end - pod.terminated_at > 15 + 4 * self.relist and (pod.removed_at is not None or pod.case == "finalizer"):
            self.that(pod, got is not None, "terminated_at", "missing")

    def containers(self, pod, record):
        found = {c["id"]: c for c in record["containers"]}
        for c in self.own(pod):
            mine = c.kills or (c.hook_from and self.level >= 3)
            if c.id not in found:
                self.that(pod, not mine, f"container {c.name}", "missing")
                continue
            one = found.pop(c.id)
            when = self.seconds(one["exited_at"])
            if c.kills:
                self.near(pod, f"{c.name} kill_started_at", self.seconds(one["kill_started_at"]), max(c.kills[0][0], 0))
                self.kills(pod, c, one)
            if when is not None:
                low, high = {"exact": (NEAR, 0.3), "relist": (NEAR, self.relist + 0.2), "bound": (NEAR, 1e9)}[one["precision"]]
                if c.exited_at is None:
                    self.that(pod, False, f"{c.name} exited_at", f"{when}, and it runs")
                else:
                    self.near(pod, f"{c.name} exited_at ({one['precision']})", when, c.exited_at, low, high)
                if one["exit_code"] is not None:
                    self.same(pod, f"{c.name} exit_code", one["exit_code"], c.code)
            elif c.exited_at is not None and self.end - c.exited_at > 3 * self.relist and self.exits_are_told(pod):
                self.that(pod, False, f"{c.name} exited_at", "missing")
            if self.level >= 3 and self.hook_is_told(c):
                self.same(pod, f"{c.name} hook", one["prestop_outcome"], c.hook_outcome)
                if c.hook_to and not pod.cut:
                    self.near(pod, f"{c.name} hook time", one["prestop_seconds"], c.hook_to - c.hook_from)
        for c in self.just_ended(pod):
            found.pop(c.id, None)
        if self.level >= 3:  # one that a probe ended is relisted after the DELETE
            self.that(pod, not found, "containers of nobody", list(found))

    @staticmethod
    def own(pod):
        """The containers that it ended with."""
        return pod.containers

    @staticmethod
    def just_ended(_):
        return []

    def exits_are_told(self, _):
        return True

    def hook_is_told(self, _):
        return True

    def kills(self, pod, c, one):
        self.same(pod, f"{c.name} attempts", one["attempts"], len(c.kills))
        self.same(pod, f"{c.name} grace", one["grace_seconds"], c.kills[-1][1])

    def volumes(self, pod, record):
        found = {v["name"]: v for v in record["volumes"]}
        late = self.kubelet.minor >= BY_UNIQUE_NAME
        for v in pod.volumes:
            if v.started_at is None and not v.failures:
                continue
            one = found.pop(v.inner if late else v.name, None) or (found.pop(v.unique(pod.uid), None) if late else None)
            if one is None:
                self.that(pod, False, f"volume {v.name}", f"missing among {list(found)}")
                continue
            self.same(pod, f"{v.name} unique_name", one["unique_name"], v.unique(pod.uid))
            self.near(pod, f"{v.name} started_at", self.seconds(one["started_at"]), v.started_at)
            self.near(pod, f"{v.name} unmounted_at", self.seconds(one["unmounted_at"]), v.unmounted_at)
            self.same(pod, f"{v.name} failures", one["failures"], v.failures)
            self.same(pod, f"{v.name} attempts", one["attempts"], v.attempts)
            self.same(pod, f"{v.name} plugin", one["plugin"], f"kubernetes.io/{v.plugin}")
        known = {name for v in pod.volumes for name in (v.name, v.inner)}
        self.that(pod, not any(name not in known or one["started_at"] for name, one in found.items()), "volumes of nobody", list(found))

    @staticmethod
    def told_failures(record):
        found = collections.Counter()
        for failure in record["failures"]:
            found[failure["phase"], failure["reason"]] += failure["count"]
        return found

    def failures(self, pod, record):
        found = self.told_failures(record)
        wanted = dict(pod.failures)
        if self.level < 3 and pod.trigger in ("eviction", "preemption", "deadline"):  # nobody said that it ends
            for one in (wanted, found):
                for key in (("prestop", "prestop_timeout"), ("stop_sandbox", "runtime_down")):
                    one.pop(key, None)
        if pod.unsaid and self.level < 4:
            wanted = dict(found)
        for one in [one for one in found if one[1] == "eviction_timeout"]:
            del found[one]
        for one in [one for one in found if one[0] == "dispatch"]:
            del found[one]
        self.same(pod, "failures", dict(found), wanted)

    def state(self, pod, record):
        ended = pod.terminated_at is not None
        if pod.trigger in ("api_delete", "force_delete"):
            wanted = "removed" if ended and not pod.exists else "in_flight"
        elif ended:
            wanted = "removed" if pod.removed_at is not None and not pod.static else "terminated"
        else:
            wanted = "in_flight"
        if self.kubelet.starts[1:] and record["state"] == "interrupted" and pod.done:
            return  # its REMOVE fell into the restart
        slack = self.end - max(pod.terminated_at or 0, pod.removed_at or 0) < 12 + 2 * self.relist
        if not (slack and self.level < 4):
            self.same(pod, "state", record["state"], wanted)
        codes_known = all(c["exit_code"] is not None for c in record["containers"])
        if wanted == record["state"] and wanted != "in_flight" and codes_known and (self.level >= 3 or pod.case != "probed"):
            self.same(pod, "outcome", record["outcome"], self.outcome(pod))

    def removed(self, pod, record):
        if record["state"] == "removed":
            self.that(pod, not pod.exists, "state", "removed, and it exists")

    def current(self, pod, record):
        if record["state"] != "in_flight" or record["current"] is None:
            return
        wanted, reasons = self.where(pod)
        got = record["current"]
        moments = [pod.terminated_at, pod.sandbox_gone_at, *(c.exited_at for c in pod.all_containers()), *(v.unmounted_at for v in pod.volumes)]
        if pod.case == "probed" or any(at and self.end - at < (0.5 if self.level >= 4 else 2 * self.relist + 1) for at in moments):
            return
        self.same(pod, "is now in", got["phase"], wanted) if not isinstance(wanted, tuple) else self.that(pod, got["phase"] in wanted, "is now in", f"{got['phase']} against {wanted}")
        if reasons is not None and not self.kubelet.starts[1:]:
            self.that(pod, got["reason"] in reasons, f"because ({wanted})", f"{got['reason']} against {reasons}")

    def where(self, pod):
        """(phase, possible reasons)"""
        mine = lambda phase, *more: [reason for where, reason in pod.failures if where == phase] or ["", *more]
        running = [c for c in pod.containers if c.state == "running"]
        if pod.terminated_at is None:
            if any(c.hook_from and not c.hook_to for c in running) and not any(c.kills for c in pod.containers):
                return "prestop" if self.level >= 3 else "dispatch", None
            if running and any(c.kills for c in pod.containers):
                return "stop_containers", mine("stop_containers", "grace_exceeded", "runtime_stop_timeout", "eviction_timeout")
            if running or not pod.sandbox:
                return "dispatch", None
            return "stop_sandbox" if any(c.kills for c in pod.containers) or pod.failures else ("dispatch", "stop_sandbox"), mine("stop_sandbox")
        if any(v.mounted for v in pod.volumes):
            return "unmount_volumes", mine("unmount_volumes", "volume_hung")
        if pod.reclaimed_at:
            return "remove_from_api", ["", "api_finalizer"]
        return ("remove_cgroup", "update_status", "remove_from_api"), None

    @staticmethod
    def outcome(pod):
        if pod.trigger == "force_delete":
            return "forced"
        for c in pod.containers:
            if c.code == 137 and c.exited_at is not None and any(c.exited_at - at >= grace - 0.5 for at, grace in c.kills):
                return "killed"
        return "graceful"

    def phases(self, pod, record):
        spans = {p["phase"]: p for p in record["phases"]}
        self.that(pod, len(spans) == len(record["phases"]), "phases once each")
        for name, p in spans.items():
            self.that(pod, p["seconds"] is None or p["seconds"] >= 0, f"{name} negative", p["seconds"])
        first = [c.kills[0][0] for c in self.own(pod) if c.kills] + [c.hook_from for c in self.own(pod) if c.hook_from]
        hooks = [(c.hook_from, c.hook_to) for c in self.own(pod) if c.hook_from]
        if "dispatch" in spans and first and not pod.unsaid and pod.case not in ("probed", "sandbox-dies") and self.level >= 3:  # else a kill may be under way
            self.near(pod, "dispatch", spans["dispatch"]["seconds"], max(0, min(first) - pod.requested_at), 0.03, 0.03)
        if hooks and not pod.cut and self.level >= 3 and all(to for _, to in hooks) and all(map(self.hook_is_told, self.own(pod))):
            self.near(pod, "prestop", spans.get("prestop", {}).get("seconds"), max(to for _, to in hooks) - min(at for at, _ in hooks))
        unmounted = [v.unmounted_at for v in pod.volumes if v.mounted or v.started_at]
        if unmounted and all(unmounted):
            span = spans.get("unmount_volumes", {}).get("seconds")
            self.near(pod, "unmount_volumes", span, max(unmounted) - min(v.started_at for v in pod.volumes if v.started_at))
        if self.level >= 4 and pod.cgroup_at:
            if unmounted and all(unmounted):
                self.near(pod, "reclaimed_at", self.seconds(record["reclaimed_at"]), max(pod.cgroup_at, pod.terminated_at, *unmounted))
            span = spans.get("remove_cgroup")
            self.that(pod, span is not None, "remove_cgroup", "missing")
