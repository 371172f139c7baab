# SPDX-License-Identifier: Apache-2.0
"""A simulated pod: what it is, what its kubelet and the API know of it, and the truth of its end, that checks.py holds records against."""
import dataclasses


class Ref(str):
    """namespace/name that knows whose it is: another pod may have had that name."""

    def __new__(cls, namespace, name, uid):
        ref = super().__new__(cls, f"{namespace}/{name}")
        ref.uid = uid
        return ref


@dataclasses.dataclass
class Container:
    name: str
    id: str
    kind: str = "app"  # app, init, sidecar
    stop_after: float | None = 0.1  # after SIGTERM; None: it must be killed
    stop_code: int = 0
    lives: float | None = None  # exits by itself after that long
    end_code: int = 0
    hook: tuple | None = None  # ("ok" or "fails" or "hangs", seconds)
    kill_fails: int = 0  # attempts
    state: str = "created"
    exited_at: float | None = None
    code: int | None = None
    relisted: str = "non-existent"
    attempt: int = 0
    within: str = ""  # which sandbox
    removed: bool = False
    # truth
    kills: list = dataclasses.field(default_factory=list)  # (at, grace)
    hook_from: float | None = None
    hook_to: float | None = None
    hook_outcome: str | None = None
    hook_ends: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Pod:
    namespace: str
    name: str
    uid: str
    containers: list
    volumes: list
    grace: int = 30
    static: bool = False
    start_trouble: str | None = None  # mount, sandbox, pull
    sandbox_fails: int = 0
    cni_takes: float = 0.05
    finalizer: bool = False
    sandbox: Container | None = None
    sandboxes: int = 0  # earlier ones
    restarts: bool = False  # the kubelet starts again what exits
    # the API's
    exists: bool = True
    deleted: bool = False  # has a deletionTimestamp
    delete_grace: int | None = None
    deletes: int = 0
    unsaid: bool = False  # it was deleted while no kubelet ran
    cut: bool = False  # its kubelet did not see its end
    phase: str = "Pending"
    # the kubelet's
    known: bool = False
    terminating: bool = False
    idle: bool = False  # nothing ran when its end began
    override: int | None = None
    evicted: bool = False
    killed: bool = False  # its worker has said so
    done: bool = False
    forgotten: bool = False
    shut_down: bool = False
    syncing: bool = False
    volume_failed: bool = False  # since its worker waited for them
    # truth
    trigger: str | None = None
    requested_at: float | None = None
    granted: int | None = None
    terminated_at: float | None = None
    sandbox_gone_at: float | None = None
    cgroup_at: float | None = None
    completed_at: float | None = None
    reclaimed_at: float | None = None
    removed_at: float | None = None
    failures: dict = dataclasses.field(default_factory=dict)
    earlier: list = dataclasses.field(default_factory=list)  # containers that were replaced
    case: str = ""

    @property
    def ref(self):
        return Ref(self.namespace, self.name, self.uid)

    def all_containers(self):
        return [*self.earlier, *self.containers, *([self.sandbox] if self.sandbox else [])]

    def fail(self, phase, reason):
        if self.trigger is None:
            return  # of its life
        self.failures[phase, reason] = self.failures.get((phase, reason), 0) + 1
