import AgentMetrics
import Query
import SystemIO
import Why

/// A ranking as a table of text or Markdown.
enum ReportText {
  private struct Column {
    let title: String
    var isLeft = false
    let value: (Culprit) -> String
  }

  /// Title and alignment of a column.
  struct Head {
    let title: String
    var isLeft = false
  }

  /// Lays rows of cells out, as aligned text or Markdown.
  static func layout(_ heads: [Head], _ rows: [[String]], isMarkdown: Bool) -> [String] {
    let rows = rows.map { row in row.map { plain($0, isMarkdown) } }
    if isMarkdown {
      return [
        "| " + heads.map(\.title).joined(separator: " | ") + " |",
        "|" + heads.map { $0.isLeft ? "---|" : "--:|" }.joined(),
      ] + rows.map { "| " + $0.joined(separator: " | ") + " |" }
    }
    let widths = heads.indices.map { column in
      ([heads[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    return ([heads.map(\.title)] + rows).map { row in
      let cells = row.enumerated().map { index, cell in
        let blanks = String(repeating: " ", count: max(0, widths[index] - cell.count))
        return heads[index].isLeft ? cell + blanks : blanks + cell
      }
      return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }
  }

  static func table(
    of ranking: CulpritRanking, host: String?, _ reasons: WindowReasons = WindowReasons(), isMarkdown: Bool
  ) -> String {
    let columns = columns(of: ranking)
    let rows = ranking.culprits.map { culprit in columns.map { $0.value(culprit) } }
    let table = layout(columns.map { Head(title: $0.title, isLeft: $0.isLeft) }, rows, isMarkdown: isMarkdown)
    var lines = head(of: ranking, host: host)
    for reason in reasons.reasons {
      let time = Timestamp(seconds: reason.time).rfc3339
      lines.append(
        "Slow for " + seconds(reason.seconds) + ", worst at " + time + ": " + plain(reason.worst.text, isMarkdown))
    }
    if !ranking.culprits.isEmpty { lines += [""] + table + more(ranking.moreCulprits, "more", isMarkdown) }
    return (lines + events(of: ranking, isMarkdown)).joined(separator: "\n") + "\n"
  }

  /// The line after a list that was cut at the limit.
  static func more(_ count: Double, _ what: String, _ isMarkdown: Bool) -> [String] {
    guard count > 0 else { return [] }
    // A line at the end of a table of Markdown would be a row.
    return (isMarkdown ? [""] : []) + ["\(Int(count)) \(what) beyond --limit"]
  }

  /// The events of the window, oldest first.
  private static func events(of ranking: CulpritRanking, _ isMarkdown: Bool) -> [String] {
    let events = ranking.events
    guard !events.isEmpty else { return [] }
    let rest = more(ranking.moreEvents, ranking.moreEvents == 1 ? "earlier event" : "earlier events", isMarkdown)
    let rows = events.map { event in
      [Timestamp(seconds: event.time).rfc3339, event.severity.rawValue, plain(event.text, isMarkdown)]
    }
    guard !isMarkdown else {
      return ["", "| TIME | SEVERITY | EVENT |", "|---|---|---|"]
        + rows.map { "| " + $0.joined(separator: " | ") + " |" } + rest
    }
    return ["", "Events"] + rest
      + rows.map { row in
        row[0] + "  " + row[1] + String(repeating: " ", count: max(0, 10 - row[1].count)) + row[2]
      }
  }

  private static func head(of ranking: CulpritRanking, host: String?) -> [String] {
    let what =
      switch ranking.measure {
      case .cpu: "CPU time"
      case .memory: "Mean memory"
      case .io: "Disk traffic"
      case .gpu: "GPU time"
      case .energy: "GPU energy"
      }
    let title = "\(what) by \(ranking.grouping.rawValue): "
    let window = window(host, ranking.from, ranking.to, ranking.samples, covered: ranking.covered)
    guard ranking.total.isFinite || !ranking.culprits.isEmpty else {
      return [window, title + (isOfGPUs(ranking.measure) ? "no GPUs that report it" : "not measured")]
    }
    var total = title + (ranking.total.isFinite ? amount(ranking.total, ranking.measure) + " in all" : "total unknown")
    if ranking.attributed.isFinite { total += ", " + amount(ranking.attributed, ranking.measure) + " attributed" }
    if ranking.unattributedShare.isFinite { total += ", " + percent(ranking.unattributedShare) + " not attributed" }
    if let remark = ranking.remark { total += " (" + remark + ")" }
    return [window, total]
  }

  private static func isOfGPUs(_ measure: CulpritMeasure) -> Bool { measure == .gpu || measure == .energy }

  /// The line with the host, the times and the samples between them.
  static func window(_ host: String?, _ from: Double, _ to: Double, _ samples: Int, covered: Double) -> String {
    let times = [from, to].map { $0.isFinite ? Timestamp(seconds: $0).rfc3339 : "?" }
    let isGap = to - from > covered * 1.02 + 1
    return (host.map { $0.printable + ", " } ?? "") + times.joined(separator: " to ") + ", "
      + counted(samples, "sample", "samples")
      + (isGap ? ", which cover " + seconds(covered) : "")
  }

  private static func columns(of ranking: CulpritRanking) -> [Column] {
    var columns = [Column(title: "SHARE") { percent($0.share) }]
    func add(_ title: String, _ measure: CulpritMeasure?, isLeft: Bool = false, _ value: @escaping (Culprit) -> String)
    {
      // Columns without a value are left out.
      guard measure == ranking.measure || ranking.culprits.contains(where: { value($0) != "" }) else { return }
      columns.append(Column(title: title, isLeft: isLeft, value: value))
    }
    add("CPU", .cpu) { amount($0.cpu, .cpu) }
    add("ENDED", nil) { $0.endedCPU > 0 ? amount($0.endedCPU, .cpu) : "" }
    add("GPU", .gpu) { amount($0.gpu, .gpu) }
    add("ENERGY", .energy) { amount($0.energy, .energy) }
    add("READ", nil) { bytes($0.read) }
    add("WRITTEN", nil) { bytes($0.written) }
    add("MEM MEAN", .memory) { bytes($0.memoryMean) }
    add("MEM PEAK", nil) { bytes($0.memoryPeak) }
    add("OOM", nil) { $0.oomKills > 0 ? String(Int($0.oomKills)) : "" }
    add("PID", nil) { $0.pid.isFinite ? String(Int($0.pid)) : "" }
    add("GPUS", nil) { $0.gpus ?? "" }
    add("USER", nil, isLeft: true) { ranking.grouping == .user ? "" : $0.user ?? "" }
    add("KIND", nil, isLeft: true) { $0.kind ?? "" }
    add("NAME", nil, isLeft: true) { $0.name }
    add("WORKLOAD", nil, isLeft: true) { $0.workload ?? "" }
    add("COMMAND", nil, isLeft: true) { String(($0.command ?? "").prefix(80)) }
    return columns
  }

  /// Names come from the machine: without control characters, and with an escape of what ends a cell.
  private static func plain(_ text: String, _ isMarkdown: Bool) -> String {
    isMarkdown ? text.printable.replacing("|", with: "\\|") : text.printable
  }

  // MARK: Numbers

  /// A number of things: "1 sample", "3 samples".
  static func counted(_ count: Int, _ one: String, _ many: String) -> String { "\(count) " + (count == 1 ? one : many) }

  private static func amount(_ value: Double, _ measure: CulpritMeasure) -> String {
    guard value.isFinite else { return "" }
    return switch measure {
    case .cpu, .gpu: seconds(value)
    case .memory, .io: bytes(value)
    case .energy: energy(value)
    }
  }

  static func energy(_ joules: Double) -> String { joules.isFinite ? (joules / 3.6e6).fixed(3) + " kWh" : "" }

  static func seconds(_ value: Double) -> String {
    guard value.isFinite else { return "" }
    if value < 600 { return value.fixed(1) + " s" }
    return value < 36_000 ? (value / 60).fixed(1) + " min" : (value / 3_600).fixed(1) + " h"
  }

  static func bytes(_ value: Double) -> String {
    value.isFinite ? OnceReport.binary(value) + "B" : ""
  }

  static func percent(_ ratio: Double) -> String { ratio.isFinite ? (ratio * 100).fixed(1) + " %" : "" }
}
