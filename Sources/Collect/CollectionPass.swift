internal import AgentMetrics
internal import SystemIO

/// One reading by all collectors.
struct CollectionPass {
  private let collectors: [any Collector]
  private let report: @Sendable (LogNotice) -> Void
  private var isFailing: [Bool]

  init(collectors: [any Collector], report: @escaping @Sendable (LogNotice) -> Void) {
    self.collectors = collectors
    self.report = report
    isFailing = Array(repeating: false, count: collectors.count)
  }

  /// Reads all collectors into `reading`, and their states into its `agent.sources`.
  ///
  /// - Parameter isBetween: whether the reading is outside the schedule.
  mutating func read(
    into reading: inout Reading, at instant: Instant, isBetween: Bool = false, demand: Demand = Demand()
  ) {
    reading.timestamp = Timestamp(seconds: instant.realtime)
    reading.monotonic = instant.monotonic
    reading.boottime = instant.boottime
    if reading.agent.sources.count != collectors.count {
      reading.agent.sources = collectors.map { SourceReading(name: $0.name, duration: .nan, success: true, age: .nan) }
    }
    // Blocking work starts now and is usually done when its collector's turn comes.
    for collector in collectors {
      collector.accept(demand)
      collector.prepare()
    }
    for index in collectors.indices {
      let collector = collectors[index]
      let start = Clock.monotonic
      var failure: CollectorError?
      do {
        if isBetween { try collector.readBetween(into: &reading) } else { try collector.read(into: &reading) }
      } catch {
        failure = error
      }
      reading.agent.sources[index].duration = Clock.monotonic - start
      reading.agent.sources[index].success = failure == nil
      reading.agent.sources[index].age = collector.age
      reading.agent.sources[index].error = failure?.description
      reading.agent.sources[index].note = failure == nil ? collector.note : nil
      // Report the start and the end of a failure, not every tick in between.
      if let failure, !isFailing[index] {
        report(LogNotice("a source fails", ["source": collector.name, "reason": failure.description]))
      } else if failure == nil, isFailing[index] {
        report(LogNotice("a source works again", ["source": collector.name]))
      }
      isFailing[index] = failure != nil
    }
  }
}
