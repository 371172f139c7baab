# SPDX-License-Identifier: Apache-2.0
"""Kubelets that never were, with all that befalls their pods, and checks of what the exporter makes of their logs (../simulated.py,
../simulated_faces.py).

| what | is in |
|---|---|
| a new case: what befalls a pod, or its volumes | cases.py, volume_cases.py; world.py makes the pods |
| what is said, and in which order | starting.py, ending.py, decisions.py, volumes.py; kubelet.py has the sources, the pod's worker, the process |
| what is said and left undone while the runtime is away | outage.py |
| what a container does, relists, what is removed | containers.py |
| why an unmount fails | volume_troubles.py |
| how a line is said and printed | speech.py; forms.py: as journalctl, syslog, docker, CRI have it; growing.py: as a file that is written and rotated meanwhile |
| kubelets of before 1.22 | kubelet_before_122.py, loops_before_122.py |
| the runtimes' own lines | containerd.py, crio.py, docker.py |
| what happened: the truth | the fields of pod.py, and of volumes.py |
| a new check | checks.py; checks_quiet.py at -v 0; checks_before_122.py; checks_clock.py where the clock was set |"""
