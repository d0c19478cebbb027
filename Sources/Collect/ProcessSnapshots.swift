package import AgentMetrics
package import SampleStore
internal import SystemIO

/// The process table, made from the sampler's own scans: one scan serves every output.
package final class ProcessSnapshots: Sendable {
  /// Reason for a missing table, in one line.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Longest interval in seconds for the rates of an answer; if the last scan is older, a second one follows the first.
  private static let longestSpan = 10.0
  /// Seconds between these two scans.
  private static let pause = 1.0
  /// Seconds that a request, or a screen, waits for command lines.
  private static let requestPatience = 1.0
  private static let screenPatience = 0.02

  private let demand: SamplingDemand
  private let commands: CommandLines?
  /// Shortened command lines of the processes in samples.
  private let shortCommands: CommandLines?

  /// Creates the tables of a sampled machine.
  ///
  /// - Parameter commandLine: reads the command line of a process; may block. Nil where processes have none.
  package init(of demand: SamplingDemand, commandLine: (@Sendable (Int32) -> String?)?) {
    self.demand = demand
    commands = commandLine.map { CommandLines($0) }
    shortCommands = commandLine.map { read in CommandLines(lifetime: 60) { read($0).map(ShortCommand.text) } }
  }

  /// Writes shortened command lines into a sample's heaviest processes, so that the past has them.
  ///
  /// - Parameter seconds: maximum time to wait for those of new processes.
  package func addCommands(to sample: inout Sample, waiting seconds: Double = 0.01) {
    guard let shortCommands, var processes = sample.processes else { return }
    sample.processes = nil
    shortCommands.fill(&processes.top, waiting: seconds)
    sample.processes = processes
  }

  /// Returns the current table, for a request.
  ///
  /// A scan less than a second old is returned as it is. An older one is renewed, and the rates are means over the time
  /// since it. If that exceeds ten seconds, a second scan follows one second after the first.
  /// - Throws: Failure where there is no scan.
  package func now() async throws -> ProcessSnapshot {
    var answer = await demand.processes()
    if let span = answer?.span, span.current.isLive, !(span.elapsed.seconds <= Self.longestSpan) {
      try await Task.pause(seconds: Self.pause)
      answer = await demand.processes()
    }
    guard let (reading, span) = answer else { throw Failure(description: "no sampler is running") }
    guard let span else {
      let source = reading.agent.sources.first { $0.name == "processes" }
      throw Failure(description: source?.error ?? "this system has no list of processes")
    }
    // On a thread of its own: the concurrency pool has few threads, and command lines may block.
    return await withCheckedContinuation { continuation in
      let make: @Sendable () -> Void = { [self] in
        continuation.resume(
          returning: snapshot(of: span, at: reading.timestamp, gpus: reading.gpus, waiting: Self.requestPatience))
      }
      if commands == nil || !Thread.start("processes", make) { make() }
    }
  }

  /// Returns the table of a sample, for a screen; nil where the sample is not its track's newest.
  package func snapshot(of entry: History.Entry) -> ProcessSnapshot? {
    let sample = entry.sample
    return entry.processes.map { span in
      snapshot(of: span, at: sample.timestamp, gpus: sample.gpus, waiting: Self.screenPatience)
    }
  }

  private func snapshot(
    of span: ProcessSpan, at timestamp: Timestamp, gpus: [GPU], waiting seconds: Double
  ) -> ProcessSnapshot {
    var processes = span.processes()
    commands?.fill(&processes, waiting: seconds)
    let instant = span.current.instant
    let age = span.current.isLive ? Clock.boottime - instant : span.current.age
    // A scan that the sample repeats is older than the sample.
    let isRepeated = span.current.isLive && span.current.age > 0
    let scanned = Timestamp(seconds: (Clock.realtime - age).rounded(.down))
    var snapshot = ProcessSnapshot(timestamp: isRepeated ? scanned : timestamp, processes: processes)
    snapshot.threads = span.threads()
    snapshot.gpus = GPUShare.byProcess(of: gpus)
    snapshot.interval = span.elapsed.seconds
    snapshot.age = max(0, age)
    snapshot.isPartial = span.current.isPartial || span.current.hidden > 0
    return snapshot
  }
}
