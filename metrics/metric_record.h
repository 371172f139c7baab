// SPDX-License-Identifier: Apache-2.0
// The families that come of a termination's record, each with what it observes. A metric of one
// more of its fields: a declaration here, and a line in the function for when the field is final.
#pragma once

#include "metrics/metric_family.h"
#include "metrics/termination.h"

namespace kle {

struct RecordMetrics {
  explicit RecordMetrics(Families& families) : all(families) {
    for (int trigger = 0; trigger < kTriggerCount; ++trigger) {
      if (static_cast<Trigger>(trigger) == Trigger::kFinished) continue;  // never observed
      for (int outcome = 0; outcome < kOutcomeCount; ++outcome) {
        terminations.With(
            {Name(static_cast<Trigger>(trigger)), Name(static_cast<Outcome>(outcome))});
      }
    }
  }

  // Containers and sandbox are gone: their fields are final.
  void Stopped(const TerminationRecord& record) {
    if (const auto duration = record.termination()) {
      termination.With({Name(record.trigger), Name(record.termination_precision)})
          .Observe(ToSeconds(*duration));
    }
    for (const ContainerRecord& container : record.containers) {
      if (const auto duration = container.stop_duration()) {
        container_stop.With({Name(container.outcome), Name(container.precision)})
            .Observe(ToSeconds(*duration));
      }
      if (container.prestop && *container.prestop >= Duration::zero()) {
        hook.With({Name(container.prestop_outcome)}).Observe(ToSeconds(*container.prestop));
      }
    }
    if (record.grace_granted) {
      const auto granted = static_cast<double>(*record.grace_granted);
      grace.Only().Observe(granted);
      if (record.grace_used && granted > 0) {
        grace_used.Only().Observe(ToSeconds(*record.grace_used) / granted);
      }
    }
    if (record.grace_exceeded) grace_exceeded.Only().Increment();
  }

  // The object is gone too, or none is to go.
  void Ended(const TerminationRecord& record) {
    if (const auto duration = record.deletion()) {
      deletion.With({Name(record.trigger), Name(Precision::kExact)}).Observe(ToSeconds(*duration));
    }
    terminations.With({Name(record.trigger), Name(record.outcome)}).Increment();
  }

  Families& all;
  // clang-format off
  HistogramFamily termination{all, "pod_termination_duration_seconds", "trigger,precision", "From the request (SyncLoop DELETE) to the last container and the sandbox stopped.", kTerminationBuckets};
  HistogramFamily deletion{all, "pod_deletion_duration_seconds", "trigger,precision", "From the request (SyncLoop DELETE) to the object gone from the API.", kTerminationBuckets};
  HistogramFamily container_stop{all, "container_stop_duration_seconds", "outcome,precision", "From the kill to the container's exit.", kTerminationBuckets};
  HistogramFamily grace{all, "termination_grace_period_seconds", "", "Grace granted to a pod that terminated.", kTerminationBuckets};
  HistogramFamily grace_used{all, "termination_grace_used_ratio", "", "Longest container stop, hooks included, divided by the grace granted.", kRatioBuckets};
  HistogramFamily hook{all, "prestop_hook_duration_seconds", "outcome", "Time of a preStop hook: completed, timeout or failed.", kTerminationBuckets};
  CounterFamily terminations{all, "pod_terminations_total", "trigger,outcome", "Terminations that ended."};
  CounterFamily grace_exceeded{all, "grace_period_exceeded_total", "", "Terminations in which a container was killed because its grace had run out (exit code 137 and the grace used up)."};
  // clang-format on
};

}  // namespace kle
