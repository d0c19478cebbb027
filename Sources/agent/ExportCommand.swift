import API
import AgentMetrics
import Archive
import ArgumentParser
import Query
import SampleStore
import PrometheusExport
import SystemIO

/// `agent export`: writes the archive's samples as text.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the samples of the --db file to standard output; an agent may be running.",
    usage: "agent export --db <file> [<options>]")

  @OptionGroup var archiveFile: SettingOptions<ArchiveFileSettings>
  @OptionGroup var options: SettingOptions<ExportSettings>

  func run() throws {
    let path = try archiveFile.values([processEnvironment]).path()
    let options = try options.values([])
    let (start, end) = (options.from ?? -.infinity, options.to ?? .infinity)
    guard start <= end else { throw UsageError(from: start, isLaterThan: end) }
    if options.format == .json, options.step != nil || !options.metrics.isEmpty {
      let name = options.step == nil ? "--metrics" : "--step"
      throw UsageError(description: "\(name) requires --format csv or openmetrics")
    }
    let selectors = options.metrics.isEmpty ? [SeriesSelector("*")] : options.metrics.flatMap { $0 }
    let archive = try ArchiveAccess(path, for: .reading)
    defer { archive.close() }
    if !options.metrics.isEmpty { try reportUnmatched(selectors, in: archive) }
    let output = StandardOutput()
    var isEmpty = true
    switch options.format {
    case .json:
      try archive.samples(from: start, to: end) { sample in
        output.write(API.latestBody(of: sample))
        isEmpty = false
      }
    case .csv:
      var isFirst = true
      try archive.columns(selectors, from: start, to: end, step: options.step) { columns in
        output.write(String(decoding: API.csv(of: columns, header: isFirst), as: UTF8.self))
        isFirst = false
        isEmpty = isEmpty && columns.timestamps.isEmpty
      }
    case .openmetrics:
      isEmpty = try !exportOpenMetrics(archive, selectors, from: start, to: end, step: options.step, to: output)
    }
    // A full disk must not look like a complete export.
    if let failure = output.failure { throw failure }
    if isEmpty { reportEmpty(archive, path) }
  }

  /// Reports an export without samples on standard error, with the times of those that the file has.
  private func reportEmpty(_ archive: ArchiveAccess, _ path: String) {
    let known = archive.extent.map { ": it has those from \($0.oldest.rfc3339) to \($0.newest.rfc3339)" } ?? ""
    StandardStreams.write("agent: \(path): no samples in that time\(known)\n", to: 2)
  }

  /// Names selectors without a series in the file on standard error.
  ///
  /// - Throws: an error where no selector has one.
  private func reportUnmatched(_ selectors: [SeriesSelector], in archive: ArchiveAccess) throws {
    let metrics = try archive.metrics()
    let unmatched = try selectors.filter { selector in
      try metrics.allSatisfy { try archive.keys(of: $0, [selector]).isEmpty }
    }
    guard !unmatched.isEmpty else { return }
    let line = "--metrics: no series in the file for " + unmatched.map { "\"\($0.text)\"" }.joined(separator: ", ")
    guard unmatched.count < selectors.count else { throw UnavailableError(description: line) }
    StandardStreams.write("agent: \(line)\n", to: 2)
  }

  /// Returns whether there was anything to write.
  private func exportOpenMetrics(
    _ archive: ArchiveAccess, _ selectors: [SeriesSelector], from start: Double, to end: Double, step: Int?,
    to output: StandardOutput
  ) throws(ArchiveFailure) -> Bool {
    var hasLines = false
    for metric in try archive.metrics() {
      guard let text = OpenMetricsFamily(metric) else { continue }
      var isFirst = true
      // A family's series follow each other, each from its beginning to its end; some are read together, as many as fit
      // in a few megabytes of text.
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
          hasLines = true
          output.write(line)
        }
      }
    }
    output.write("# EOF\n")
    return hasLines
  }
}

/// Standard output that keeps its first failure.
private final class StandardOutput {
  private(set) var failure: SystemError?

  func write(_ text: String) {
    guard failure == nil else { return }
    if !StandardStreams.write(text, to: 1) { failure = SystemError("write standard output") }
  }
}

extension SettingValues<ArchiveFileSettings> {
  /// The file to export from or import into.
  func path() throws(UsageError) -> String {
    guard let path = self.database else {
      throw UsageError(description: "--db (or DB_PATH) is missing: the file in which an agent stores its samples")
    }
    return path
  }
}
