import API
import AgentMetrics
import Archive
import ArgumentParser
import Query
import SystemIO
import Why

/// `agent report`: prints who used the machine between two times, with the events, for a ticket.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract:
      "Print who used or wasted the machine between two times, and its events, from the --db file; an agent may run.",
    usage: "agent report --db <file> [<options>]")

  @OptionGroup var archiveFile: SettingOptions<ArchiveFileSettings>
  @OptionGroup var options: SettingOptions<ReportSettings>

  func run() throws {
    let path = try archiveFile.values([processEnvironment]).path()
    let options = try options.values([])
    if options.waste, options.texts["of"] != nil {
      throw UsageError(description: "--waste excludes --of: it is of GPUs and limits of CPU time")
    }
    let archive = try ArchiveAccess(path, for: .reading)
    defer { archive.close() }
    guard let extent = archive.extent else { throw UnavailableError(description: path + ": it has no samples") }
    let end = options.to ?? extent.newest.seconds
    let start = options.from ?? end - 3_600
    guard start <= end else { throw UsageError(from: start, isLaterThan: end) }
    var host: String?
    let window = SampleWindow(from: start, to: end)
    /// Passes the samples of the window and those beside it, from which counters grow.
    func visit(lead: Double = 0, _ body: (Sample) -> Void) throws {
      let first = try archive.newest(at: start - lead)?.seconds ?? start - lead
      var isOver = false
      try archive.samples(from: first, to: end + WasteSum.lead) { sample in
        guard !isOver else { return }
        isOver = sample.timestamp.seconds > end
        body(sample)
        host = sample.host.hostname ?? host
      }
    }
    func require(_ samples: Int) throws {
      guard samples > 0 else {
        let window = Timestamp(seconds: start).rfc3339 + " to " + Timestamp(seconds: end).rfc3339
        throw UnavailableError(description: "\(path): no samples from \(window)")
      }
    }
    let text: String
    if options.waste {
      guard let grouping = WasteGrouping(rawValue: options.grouping.rawValue) else {
        throw SettingError(
          name: "--by", value: options.grouping.rawValue,
          reason: "with --waste must be one of " + WasteGrouping.allCases.map(\.rawValue).joined(separator: ", "))
      }
      var sum = WasteSum(by: grouping, in: window)
      try visit(lead: WasteSum.lead) { sum.add($0) }
      let report = sum.report(limit: options.limit)
      try require(report.samples)
      text =
        options.format == .json
        ? API.wasteBody(of: report) : WasteText.table(of: report, host: host, isMarkdown: options.format == .markdown)
    } else {
      var sum = CulpritSum(by: options.grouping, in: window)
      var reasons = WindowReasons(in: window)
      try visit { sample in
        sum.add(sample)
        reasons.add(sample)
      }
      var ranking = sum.ranking(of: options.measure, limit: options.limit)
      try require(ranking.samples)
      let query = EventQuery(from: start, to: end, limit: options.limit)
      if let history = try archive.events(query) {
        // Newest first.
        ranking.events = history.events.reversed()
        if history.isTruncated { ranking.moreEvents = Double(try archive.eventCount(query) - history.events.count) }
      }
      text =
        options.format == .json
        ? API.culpritsBody(of: ranking)
        : ReportText.table(of: ranking, host: host, reasons, isMarkdown: options.format == .markdown)
    }
    try Output.write(text)
  }
}
