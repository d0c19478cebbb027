/// Pressure stall information (Documentation/accounting/psi.rst) at one instant; nil where the kernel lacks it.
package struct PressureReading: Sendable, Hashable {
  /// One line of a pressure file.
  package struct StallTotals: Sendable, Hashable {
    /// Share of the last 10 seconds, 0…1.
    package var avg10 = Double.nan
    /// Share of the last 60 seconds, 0…1.
    package var avg60 = Double.nan
    /// Share of the last 300 seconds, 0…1.
    package var avg300 = Double.nan
    /// Microseconds stalled since boot.
    package var total: UInt64 = 0

    package init() {}
  }

  /// The "some" and "full" lines of one resource.
  package struct Resource: Sendable, Hashable {
    /// At least one task was stalled.
    package var some: StallTotals?
    /// All runnable tasks were stalled.
    package var full: StallTotals?

    package init() {}
  }

  package var cpu: Resource?
  package var memory: Resource?
  package var io: Resource?
  /// Time lost to interrupts; only on newer kernels.
  package var irq: Resource?

  package init() {}
}

/// Share of time that tasks spent waiting for a resource.
package struct Pressure: MetricGroup, Hashable {
  /// One kind of stall.
  package struct Stall: MetricGroup, Hashable {
    /// Share of the time between two Readings, exact, from the totals; NaN for a lone Reading.
    package var ratio = Double.nan
    /// The kernel's moving average over 10 seconds.
    package var avg10 = Double.nan
    /// The kernel's moving average over 60 seconds.
    package var avg60 = Double.nan
    /// The kernel's moving average over 300 seconds.
    package var avg300 = Double.nan
    /// Seconds stalled since boot.
    package var total = Double.nan

    package init() {}

    init(from previous: PressureReading.StallTotals?, to current: PressureReading.StallTotals, over elapsed: Elapsed) {
      ratio = elapsed.rate(previous?.total, current.total, unit: 1e-6)
      avg10 = current.avg10
      avg60 = current.avg60
      avg300 = current.avg300
      total = Double(current.total) * 1e-6
    }

    static let table = Table<Stall>([
      .gauge("ratio", .ratio, "Share of the time since the last sample", source: "Δtotal ÷ Δt", \.ratio).rate,
      .gauge("avg10", .ratio, "The kernel's mean of 10 seconds", source: "/proc/pressure avg10", \.avg10),
      .gauge("avg60", .ratio, "The kernel's mean of 60 seconds", source: "/proc/pressure avg60", \.avg60),
      .gauge("avg300", .ratio, "The kernel's mean of 300 seconds", source: "/proc/pressure avg300", \.avg300),
      .counter("seconds_total", .seconds, "Time stalled since boot", source: "/proc/pressure total", \.total),
    ])
  }

  /// Both kinds of stall on one resource.
  package struct Resource: MetricGroup, Hashable {
    /// At least one task waited.
    package var some: Stall?
    /// All runnable tasks waited.
    package var full: Stall?

    package init() {}

    init(from previous: PressureReading.Resource?, to current: PressureReading.Resource, over elapsed: Elapsed) {
      some = current.some.map { Stall(from: previous?.some, to: $0, over: elapsed) }
      full = current.full.map { Stall(from: previous?.full, to: $0, over: elapsed) }
    }

    static let table = Table<Resource>([
      .part("some", Stall.table, \.some),
      .part("full", Stall.table, \.full),
    ])
  }

  /// Waiting for a CPU.
  package var cpu: Resource?
  /// Waiting for memory.
  package var memory: Resource?
  /// Waiting for I/O.
  package var io: Resource?
  /// Lost to interrupts.
  package var irq: Resource?

  package init() {}

  /// Computes pressure between two Readings; nil where the kernel does not report it.
  package init?(from previous: PressureReading?, to current: PressureReading, over elapsed: Elapsed) {
    cpu = current.cpu.map { Resource(from: previous?.cpu, to: $0, over: elapsed) }
    memory = current.memory.map { Resource(from: previous?.memory, to: $0, over: elapsed) }
    io = current.io.map { Resource(from: previous?.io, to: $0, over: elapsed) }
    irq = current.irq.map { Resource(from: previous?.irq, to: $0, over: elapsed) }
    if cpu == nil, memory == nil, io == nil, irq == nil { return nil }
  }

  package static let table = Table<Pressure>([
    .part("cpu", Resource.table, \.cpu),
    .part("memory", Resource.table, \.memory),
    .part("io", Resource.table, \.io),
    .part("irq", Resource.table, \.irq),
  ])
}
