import API
import AgentMetrics
import Archive
import ArgumentParser
import History
import SystemIO

/// `agent export`: what the archive holds, as text for other programs.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what the file of --db holds to standard output; an agent may be running.")

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case csv, json, openmetrics
  }

  @Option(name: .customLong("db"), help: ArgumentHelp("The file (variable: DB_PATH).", valueName: "path"))
  var database: String?

  @Option(help: ArgumentHelp("First moment: RFC 3339, or seconds since 1970 (default: the oldest).", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Last moment (default: the newest).", valueName: "time"))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "csv: columns. json: a sample as /metrics/latest has it on each line. openmetrics: for promtool tsdb"
        + " create-blocks-from.", valueName: "format"))
  var format = Format.csv

  @Option(
    help: ArgumentHelp(
      "With csv and openmetrics, which figures, as /metrics/history has it (default: all).", valueName: "selectors"))
  var metrics: [String] = []

  @Option(
    help: ArgumentHelp("With csv and openmetrics, seconds of a step (default: every sample).", valueName: "seconds"))
  var step: String?

  func run() throws {
    let path = try archivePath(database)
    let start = try moment(from, "--from") ?? -.infinity
    let end = try moment(to, "--to") ?? .infinity
    let selectors = metrics.isEmpty ? [SeriesSelector("*")] : metrics.flatMap { SeriesSelector.list($0) }
    if let unknown = selectors.first(where: { !$0.isKnown }) {
      throw misuse(
        "--metrics: \"\(unknown.text)\" is not allowed; allowed are ids of the catalog, with labels, or with *")
    }
    var seconds: Int?
    if let step {
      guard let number = Int(step), (1...31_622_400).contains(number) else {
        throw misuse("--step: \"\(step)\" is not allowed; allowed is a whole number of seconds from 1 to 31622400")
      }
      seconds = number
    }
    do {
      let archive = try ArchiveAccess(path, for: .reading)
      defer { archive.close() }
      switch format {
      case .json:
        try archive.samples(from: start, to: end) { sample in
          StandardStreams.write(API.latestBody(of: sample), to: 1)
        }
      case .csv:
        var isFirst = true
        try archive.columns(selectors, from: start, to: end, step: seconds) { columns in
          StandardStreams.write(String(decoding: API.csv(of: columns, header: isFirst), as: UTF8.self), to: 1)
          isFirst = false
        }
      case .openmetrics:
        for metric in try archive.metrics() {
          guard let text = OpenMetricsFamily(metric) else { continue }
          var isFirst = true
          // A family's series stand one after the other, each from its beginning to its end; some are read together, as
          // many as a few megabytes of text hold.
          let keys = try archive.keys(of: metric, selectors)
          for first in stride(from: 0, to: keys.count, by: 32) {
            let some = Array(keys[first..<min(keys.count, first + 32)])
            var lines = [String](repeating: "", count: some.count)
            try archive.columns(some.map(SeriesSelector.init), from: start, to: end, step: seconds) { columns in
              for series in columns.series {
                if let place = some.firstIndex(of: series.key) {
                  lines[place] += text.lines(series, columns.timestamps)
                }
              }
            }
            for line in lines where !line.isEmpty {
              if isFirst { StandardStreams.write(text.head, to: 1) }
              isFirst = false
              StandardStreams.write(line, to: 1)
            }
          }
        }
        StandardStreams.write("# EOF\n", to: 1)
      }
    } catch {
      throw unavailable(error.description)
    }
  }
}

/// `agent import`: samples from text into the archive.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Add samples from standard input to the file of --db; no agent may be writing to it.",
    discussion: """
      It reads what `agent export --format json` and `--format openmetrics` write. Samples of a time that the file tells of
      already are left out.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case json, openmetrics
  }

  @Option(name: .customLong("db"), help: ArgumentHelp("The file (variable: DB_PATH).", valueName: "path"))
  var database: String?

  @Option(help: ArgumentHelp("json: a sample on each line. openmetrics: lines with timestamps.", valueName: "format"))
  var format = Format.json

  func run() throws {
    let path = try archivePath(database)
    var reader = StandardInput()
    var added = 0
    var number = 0
    var waiting: [Sample] = []
    var distances = Distances()
    do {
      let archive = try ArchiveAccess(path, for: .adding)
      defer { archive.close() }
      func flush() throws(ArchiveFailure) {
        added += try archive.add(waiting)
        waiting = []
      }
      switch format {
      case .json:
        while let line = reader.line() {
          number += 1
          if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
          guard var sample = Sample(exported: line) else {
            throw unavailable("line \(number) is no sample; \(added) samples were added before it")
          }
          sample.elapsed = distances.elapsed(at: sample.timestamp.seconds)
          waiting.append(sample)
          if waiting.count == 128 { try flush() }
        }
        try flush()
      case .openmetrics:
        var backfill = OpenMetricsImport()
        while let line = reader.line() {
          number += 1
          guard backfill.add(line) else {
            throw unavailable("line \(number) is no OpenMetrics; nothing was added")
          }
        }
        for var sample in backfill.samples() {
          sample.elapsed = distances.elapsed(at: sample.timestamp.seconds)
          waiting.append(sample)
          if waiting.count == 128 { try flush() }
        }
        try flush()
        if backfill.unknown > 0 {
          StandardStreams.write(
            "agent: \(backfill.unknown) lines of metrics that the agent does not know were left out\n", to: 2)
        }
      }
    } catch let failure as ArchiveFailure {
      throw unavailable(failure.description)
    }
    StandardStreams.write("\(added) samples added\n", to: 1)
  }
}

/// Over which time the rates of samples are means, which text does not tell: that since the sample before, unless so much of it
/// passed that the agent cannot have run.
private struct Distances {
  private var last = Double.nan
  private var least = Double.infinity

  mutating func elapsed(at time: Double) -> Double {
    let distance = time - last
    last = time
    guard distance > 0 else { return .nan }
    least = min(least, distance)
    return distance < least * 1.9 ? distance : .nan
  }
}

/// Standard input, line by line.
private struct StandardInput {
  private var buffer: [UInt8] = []
  private var position = 0
  private var isOver = false

  /// The next line without its end; nil after the last.
  mutating func line() -> ArraySlice<UInt8>? {
    while true {
      if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { position = end + 1 }
        return buffer[position..<end]
      }
      if isOver {
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        return buffer[position...]
      }
      buffer.removeSubrange(..<position)
      position = 0
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(0, &chunk, chunk.count)
      if count > 0 { buffer += chunk[..<count] } else if count == 0 || errno != EINTR { isOver = true }
    }
  }
}

extension ParsableCommand {
  /// The file that a flag or a variable names.
  fileprivate func archivePath(_ flag: String?) throws -> String {
    if let flag, !flag.isEmpty { return flag }
    if flag == nil, let variable = getenv("DB_PATH").map({ String(cString: $0) }), !variable.isEmpty { return variable }
    throw misuse("--db: the file is not named")
  }

  fileprivate func moment(_ text: String?, _ name: String) throws -> Double? {
    guard let text else { return nil }
    guard let moment = Timestamp(moment: text) else {
      throw misuse(
        "\(name): \"\(text)\" is not allowed; allowed is RFC 3339 (2026-02-05T06:45:00Z), or seconds since 1970")
    }
    return moment.seconds
  }

  fileprivate func misuse(_ message: String) -> ExitCode {
    StandardStreams.write("agent: \(message)\n", to: 2)
    return ExitCode(ExitStatus.usage)
  }

  fileprivate func unavailable(_ message: String) -> ExitCode {
    StandardStreams.write("agent: \(message)\n", to: 2)
    return ExitCode(ExitStatus.unavailable)
  }
}
