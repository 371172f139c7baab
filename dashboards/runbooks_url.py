# SPDX-License-Identifier: Apache-2.0
"""Where `runbook_url` of the alerts and the dashboards' links lead. Nobody publishes the runbooks: the default is a placeholder by
its very name (RFC 2606), and `generate.py --runbooks URL` puts yours in its place. `runbook` has the path in this project."""
RUNBOOKS_URL = "https://docs.example.org/kubelet-lifecycle-exporter/dashboards/runbooks"
