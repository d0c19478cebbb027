import API
import AgentMetrics
import Archive
import ArgumentParser
import Query
import SystemIO
import Why

/// `agent report`: prints who used the machine between two times, and what happened, for a ticket.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract:
      "Print who used the machine between two times, and its events, from the --db file; an agent may be running.",
    usage: "agent report --db <file> [<options>]")

  @OptionGroup var archiveFile: SettingOptions<ArchiveFileSettings>
  @OptionGroup var options: SettingOptions<ReportSettings>

  func run() throws {
    let path = try archiveFile.values([processEnvironment]).path()
    let options = try options.values([])
    let archive = try ArchiveAccess(path, for: .reading)
    defer { archive.close() }
    guard let extent = archive.extent else { throw UnavailableError(description: path + ": it has no samples") }
    let end = options.to ?? extent.newest.seconds
    let start = options.from ?? end - 3_600
    guard start <= end else { throw UsageError(description: "--from is later than --to") }
    var sum = CulpritSum(by: options.grouping)
    var reasons = WindowReasons()
    var host: String?
    try archive.samples(from: start, to: end) { sample in
      sum.add(sample)
      reasons.add(sample)
      host = sample.host.hostname ?? host
    }
    var ranking = sum.ranking(of: options.measure, limit: options.limit)
    let events = try archive.events(EventQuery(from: start, to: end, limit: options.limit))
    ranking.events = events?.events.reversed() ?? []
    guard ranking.samples > 0 else {
      let window = Timestamp(seconds: start).rfc3339 + " to " + Timestamp(seconds: end).rfc3339
      throw UnavailableError(description: "\(path): no samples from \(window)")
    }
    let text =
      switch options.format {
      case .text: ReportText.table(of: ranking, host: host, reasons, isMarkdown: false)
      case .markdown: ReportText.table(of: ranking, host: host, reasons, isMarkdown: true)
      case .json: API.culpritsBody(of: ranking)
      }
    // A full disk must not look like a complete report.
    if !StandardStreams.write(text, to: 1) {
      throw UnavailableError(description: SystemError("write standard output").description)
    }
  }
}
