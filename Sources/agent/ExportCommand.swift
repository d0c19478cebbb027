import API
import AgentMetrics
import Archive
import ArgumentParser
import History
import PrometheusExport
import SystemIO

/// `agent export`: writes the archive's samples as text.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what the file of --db holds to standard output; an agent may be running.")

  enum Format: String, CaseIterable {
    case csv, json, openmetrics
  }

  @OptionGroup var archiveFile: ArchiveFileOption

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("First time: RFC 3339, or seconds since 1970 (default: the oldest).", valueName: "time"))
  var from: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Last time (default: the newest).", valueName: "time"))
  var to: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "csv: columns. json: a sample as /metrics/latest has it on each line. openmetrics: for promtool tsdb"
        + " create-blocks-from (default: csv).", valueName: "format"),
    completion: .list(Format.allCases.map(\.rawValue)))
  var format: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With csv and openmetrics, the metrics, as in /metrics/history (default: all).", valueName: "selectors"))
  var metrics: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("With csv and openmetrics, seconds of a step (default: every sample).", valueName: "seconds"))
  var step: String?

  func run() throws {
    let path = try archivePath(archiveFile)
    let format = try format.map { try checkedFormat($0, of: Format.self) } ?? .csv
    let start = try time(from, "--from") ?? -.infinity
    let end = try time(to, "--to") ?? .infinity
    guard start <= end else { throw misuse("--from is later than --to") }
    if format == .json, step != nil || !metrics.isEmpty {
      throw misuse("\(step == nil ? "--metrics" : "--step") goes with --format csv and openmetrics")
    }
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
    let output = StandardOutput()
    do {
      let archive = try ArchiveAccess(path, for: .reading)
      defer { archive.close() }
      switch format {
      case .json:
        try archive.samples(from: start, to: end) { sample in output.write(API.latestBody(of: sample)) }
      case .csv:
        var isFirst = true
        try archive.columns(selectors, from: start, to: end, step: seconds) { columns in
          output.write(String(decoding: API.csv(of: columns, header: isFirst), as: UTF8.self))
          isFirst = false
        }
      case .openmetrics:
        try exportOpenMetrics(archive, selectors, from: start, to: end, step: seconds, to: output)
      }
    } catch {
      throw unavailable(error.description)
    }
    // A full disk must not look like a complete export.
    if let failure = output.failure { throw unavailable(failure.description) }
  }

  private func exportOpenMetrics(
    _ archive: ArchiveAccess, _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?,
    to output: StandardOutput
  ) throws(ArchiveFailure) {
    for metric in try archive.metrics() {
      guard let text = OpenMetricsFamily(metric) else { continue }
      var isFirst = true
      // A family's series stand one after the other, each from its beginning to its end; some are read together, as many
      // as a few megabytes of text hold.
      let keys = try archive.keys(of: metric, selectors)
      for first in stride(from: 0, to: keys.count, by: 32) {
        let some = Array(keys[first..<min(keys.count, first + 32)])
        var lines = [String](repeating: "", count: some.count)
        try archive.columns(some.map(SeriesSelector.init), from: start, to: end, step: step) { columns in
          for series in columns.series {
            if let place = some.firstIndex(of: series.key) {
              lines[place] += text.lines(series.values, labels: series.labels, at: columns.timestamps)
            }
          }
        }
        for line in lines where !line.isEmpty {
          if isFirst { output.write(text.head) }
          isFirst = false
          output.write(line)
        }
      }
    }
    output.write("# EOF\n")
  }
}

/// Standard output that remembers its first failure.
private final class StandardOutput {
  private(set) var failure: SystemError?

  func write(_ text: String) {
    guard failure == nil else { return }
    if !StandardStreams.write(text, to: 1) { failure = SystemError("write standard output") }
  }
}

extension ParsableCommand {
  /// The file that a flag or a variable names.
  func archivePath(_ option: ArchiveFileOption) throws -> String {
    do {
      return try option.path { name in getenv(name).map { String(cString: $0) } }
    } catch {
      throw misuse(error.description)
    }
  }

  func checkedFormat<Format>(_ text: String, of type: Format.Type) throws -> Format
  where Format: RawRepresentable<String> & CaseIterable {
    guard let format = Format(rawValue: text) else {
      throw misuse(
        "--format: \"\(text)\" is not allowed; allowed is \(Format.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return format
  }

  fileprivate func time(_ text: String?, _ name: String) throws -> Double? {
    guard let text else { return nil }
    guard let time = Timestamp(time: text) else {
      throw misuse(
        "\(name): \"\(text)\" is not allowed; allowed is RFC 3339 (2026-02-05T06:45:00Z), or seconds since 1970")
    }
    return time.seconds
  }

  /// Writes one line and returns EX_USAGE.
  func misuse(_ message: String) -> ExitCode {
    StandardStreams.write("agent: \(message)\n", to: 2)
    return ExitCode(ExitStatus.usage)
  }

  /// Writes one line and returns EX_UNAVAILABLE.
  func unavailable(_ message: String) -> ExitCode {
    StandardStreams.write("agent: \(message)\n", to: 2)
    return ExitCode(ExitStatus.unavailable)
  }
}
