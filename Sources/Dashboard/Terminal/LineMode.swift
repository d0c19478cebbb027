internal import AgentMetrics
internal import SampleStore
internal import Synchronization
internal import SystemIO

/// Whether a byte waits in the pipe that wakes the line mode.
private final class WakeFlag: Sendable {
  let isSet = Atomic(false)
}

/// The dashboard for terminals without cursor addressing: a line per sample under a header, as in vmstat.
final class LineMode {
  /// Lines between two headers.
  static let linesPerHead = 20

  private let history: History
  private let output: Int32
  private let signals: Int32?
  private let connection: (@Sendable () -> DashboardConnection)?
  /// The reported problem of the connection.
  private var problem: String?
  /// When the newest sample arrived, by the monotonic clock.
  private var arrived = Double.nan
  private let wakeReader: Int32
  private let wakeWriter: Int32
  private let wake = WakeFlag()
  private var printed = 0
  private var shownColumns: [LineColumn] = []

  /// - Parameters:
  ///   - catchesSignals: false leaves SIGINT and SIGTERM to their defaults.
  ///   - connection: state of the connection to the samples' source; nil for this process.
  /// - Throws: SystemError of pipe.
  init(
    history: History, output: Int32, catchesSignals: Bool = true,
    connection: (@Sendable () -> DashboardConnection)? = nil
  ) throws(SystemError) {
    self.history = history
    self.connection = connection
    self.output = output
    (wakeReader, wakeWriter) = try Pipe.make()
    signals = catchesSignals ? try Signals.pipe([Signals.interrupt, Signals.terminate, Signals.hangup]) : nil
    Signals.ignore(Signals.brokenPipe)
  }

  deinit {
    Pipe.close(wakeReader)
    Pipe.close(wakeWriter)
  }

  /// Prints until a signal arrives or the reader closes the output.
  func run() -> DashboardExit {
    let writer = wakeWriter
    let observation = history.observe { [wake] _ in
      // One byte at a time: a full pipe would hold up the sampler.
      if !wake.isSet.exchange(true, ordering: .sequentiallyConsistent) { StandardStreams.write("\n", to: writer) }
    }
    defer { history.remove(observation) }
    let clock = Condition(false)
    if connection != nil {
      // A connection that fails wakes no one.
      Thread.start("connection") { [wake] in
        while clock.wait(atMost: 1, { $0 ? true : nil }) == nil {
          clock.update { hasEnded in
            guard !hasEnded, !wake.isSet.exchange(true, ordering: .sequentiallyConsistent) else { return }
            StandardStreams.write("\n", to: writer)
          }
        }
      }
    }
    defer { clock.update { $0 = true } }
    var last: History.Entry?
    var text = ""
    while true {
      if let newest = history.latest, newest !== last {
        // Samples taken during a slow write are printed too.
        let due = last.map { history.entries(after: $0) } ?? []
        for entry in due.isEmpty ? [newest] : due { text += lines(for: entry.sample) }
        last = newest
        arrived = Clock.monotonic
      }
      if let line = connectionLine() { text += line + "\n" }
      guard
        let ready = try? Pipe.wait(reading: [wakeReader, signals ?? -1], output: output, isWriting: !text.isEmpty)
      else { return .quit }
      if ready.canRead(1), let signals, let byte = try? StandardStreams.read(signals, atMost: 1).first, byte != 0 {
        return Int32(byte) == Signals.interrupt ? .quit : .terminated(signal: Int32(byte))
      }
      if ready.lostReader { return .quit }
      if ready.takesOutput {
        if !StandardStreams.write(text, to: output) { return .quit }
        text = ""
      }
      if ready.canRead(0) {
        _ = try? StandardStreams.read(wakeReader, atMost: 64)
        wake.isSet.store(false, ordering: .sequentiallyConsistent)
      }
    }
  }

  /// A line where the connection failed, samples ceased or returned; nil without a change.
  private func connectionLine() -> String? {
    guard let state = connection?() else { return nil }
    let isSilent = Clock.monotonic - arrived >= Arrivals.limit(interval: 1)
    let from = state.address.isEmpty ? "" : " from " + state.address
    let now = state.failure(hasConnected: arrived.isFinite) ?? (isSilent ? "no data" + from : nil)
    // Between two attempts there is neither a connection nor a new reason.
    guard now != problem, now != nil || arrived.isFinite else { return nil }
    defer { problem = now }
    return "agent: " + (now ?? "data arrives again" + from)
  }

  private func lines(for sample: Sample) -> String {
    let width = StandardStreams.columns(of: output) ?? .max
    let columns = LineMode.fitting(LineMode.columns(of: sample), width: width)
    var text = ""
    if printed % LineMode.linesPerHead == 0 || columns != shownColumns {
      text += LineMode.head(columns) + "\n"
      shownColumns = columns
      printed = 0
    }
    printed += 1
    return text + LineMode.line(sample, columns) + "\n"
  }

  // MARK: Text

  /// A column of the lines.
  enum LineColumn: CaseIterable {
    case time, cpu, load, ram, swap, read, write, receive, transmit, gpu

    var title: String {
      switch self {
      case .time: "time"
      case .cpu: "cpu%"
      case .load: "load1"
      case .ram: "ram%"
      case .swap: "swap%"
      case .read: "read/s"
      case .write: "write/s"
      case .receive: "rx/s"
      case .transmit: "tx/s"
      case .gpu: "gpu%"
      }
    }

    var width: Int {
      switch self {
      case .time: 9
      case .cpu, .ram, .gpu: 5
      case .swap: 6
      case .load: 7
      case .read, .write, .receive, .transmit: 8
      }
    }
  }

  /// Columns with values on this machine.
  static func columns(of sample: Sample) -> [LineColumn] {
    LineColumn.allCases.filter { column in
      switch column {
      case .time, .cpu, .ram: true
      case .load: sample.load != nil
      case .swap: (sample.swap?.total ?? 0) > 0
      case .read, .write: sample.disk != nil
      case .receive, .transmit: sample.network != nil
      case .gpu: !sample.gpus.isEmpty
      }
    }
  }

  /// Returns the columns that fit a line of `width`, dropping the least important first.
  static func fitting(_ columns: [LineColumn], width: Int) -> [LineColumn] {
    var kept = columns
    for column in [LineColumn.swap, .transmit, .receive, .write, .read, .load, .time] {
      // On some terminals a line that fills the last column wraps.
      if kept.reduce(0, { $0 + $1.width }) < width { break }
      kept.removeAll { $0 == column }
    }
    return kept
  }

  /// The header above the lines.
  static func head(_ columns: [LineColumn]) -> String {
    join(columns) { $0.title }
  }

  /// The line of a sample; times are UTC, as in the API.
  static func line(_ sample: Sample, _ columns: [LineColumn]) -> String {
    let glyphs = Glyphs(.ascii)
    func percent(_ ratio: Double) -> String {
      ratio.isFinite ? String(TextFormat.whole(ratio * 100)) : glyphs.absent
    }
    return join(columns) { column in
      switch column {
      case .time: TextFormat.clock(sample.timestamp.seconds) + "Z"
      case .cpu: percent(sample.cpu.usage)
      case .load: sample.load.map { $0.load1.isFinite ? TextFormat.fixed($0.load1, 2) : glyphs.absent } ?? glyphs.absent
      case .ram: percent(sample.ram.usage)
      case .swap: percent(sample.swap?.usage ?? .nan)
      case .read: TextFormat.compact(sample.disk?.readRate ?? .nan, glyphs)
      case .write: TextFormat.compact(sample.disk?.writeRate ?? .nan, glyphs)
      case .receive: TextFormat.compact(sample.network?.receiveRate ?? .nan, glyphs)
      case .transmit: TextFormat.compact(sample.network?.transmitRate ?? .nan, glyphs)
      case .gpu: percent(GPUSummary(sample.gpus).util)
      }
    }
  }

  private static func join(_ columns: [LineColumn], _ text: (LineColumn) -> String) -> String {
    var line = ""
    for column in columns {
      let text = text(column)
      if !line.isEmpty {
        line += String(repeating: " ", count: max(1, column.width - text.utf8.count))
      } else {
        line += String(repeating: " ", count: max(0, column.width - text.utf8.count))
      }
      line += text
    }
    return line
  }
}
