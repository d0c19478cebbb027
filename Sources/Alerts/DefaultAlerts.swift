extension AlertRule {
  /// The shipped rules: each needs a person, and none fires on a machine that is only busy.
  package static let defaults: [AlertRule] = texts.compactMap { try? AlertRule($0) }

  static let texts = [
    "memory-low: ram.available_mb < 128 for 2m",
    "memory-stall: pressure.memory.full.avg60 > 20% for 2m",
    "io-stall: pressure.io.full.avg60 > 60% for 10m",
    "oom-kill: ram.oom_kills_total increases",
    "cpu-steal: cpu.modes.steal > 20% for 5m",
    "filesystem-full: filesystems.usage > 95% for 2m",
    "inodes-full: filesystems.inodes_usage > 95% for 2m",
    "array-degraded: disks.members_missing > 0 for 2m",
    "connections-full: conntrack.usage > 90% for 2m",
    "gpu-lost: gpus.lost == 1",
    "gpu-memory-error: gpus.ecc_uncorrected_total increases",
    "gpu-hot: gpus.temperature_c >= gpus.slowdown_temperature_c for 1m",
    "temperature-critical: temperatures.celsius >= temperatures.critical_celsius for 1m",
    "archive-failing: agent.archive.working == 0 for 5m",
    "push-failing: agent.push.working == 0 for 15m",
  ]
}
