import AgentMetrics
import Query

/// Resources held without use, as a table of text or Markdown.
enum WasteText {
  static func table(of report: WasteReport, host: String?, isMarkdown: Bool) -> String {
    var columns: [(head: ReportText.Head, value: (Waste) -> String)] = []
    func add(_ title: String, isLeft: Bool = false, isAlways: Bool = false, _ value: @escaping (Waste) -> String) {
      // Columns without a value are left out.
      guard isAlways || report.entries.contains(where: { value($0) != "" }) else { return }
      columns.append((ReportText.Head(title: title, isLeft: isLeft), value))
    }
    add("GPU IDLE") { hours($0.gpuIdle) }
    add("GPU HELD") { hours($0.gpuHeld) }
    add("IDLE") { ReportText.percent($0.idleShare) }
    add("IDLE MEM") { ReportText.bytes($0.idleMemory) }
    add("IDLE ENERGY") { ReportText.energy($0.idleEnergy) }
    add("ENERGY") { ReportText.energy($0.energy) }
    add("THROTTLED") { $0.throttled > 0 ? ReportText.seconds($0.throttled) : "" }
    add("SHARE") { $0.throttledShare > 0 ? ReportText.percent($0.throttledShare) : "" }
    add("GPUS") { $0.gpus ?? "" }
    add("USER", isLeft: true) { report.grouping == .user ? "" : $0.user ?? "" }
    add("NAME", isLeft: true, isAlways: true) { $0.name }
    let rows = report.entries.map { entry in columns.map { $0.value(entry) } }
    let table =
      rows.isEmpty
      ? ["No GPU was held and no workload was throttled."]
      : ReportText.layout(columns.map(\.head), rows, isMarkdown: isMarkdown)
        + ReportText.more(report.moreEntries, "more", isMarkdown)
    let head = [
      ReportText.window(host, report.from, report.to, report.samples, covered: report.covered),
      "Waste by " + report.grouping.rawValue + ": " + summary(report), WasteReport.rule, "",
    ]
    return (head + table).joined(separator: "\n") + "\n"
  }

  /// The machine's GPUs.
  private static func summary(_ report: WasteReport) -> String {
    guard report.gpuTime.isFinite else { return "no GPUs" }
    var text = "GPUs idle for " + hours(report.gpuIdle.isFinite ? report.gpuIdle : 0) + " of " + hours(report.gpuTime)
    if report.energy.isFinite {
      text +=
        ", " + ReportText.energy(report.idleEnergy.isFinite ? report.idleEnergy : 0) + " of "
        + ReportText.energy(report.energy)
    }
    return text
  }

  /// GPU time; 36 s is 0.010 GPU h.
  private static func hours(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "" }
    return (seconds / 3_600).fixed(seconds < 36_000 ? 3 : 1) + " GPU h"
  }
}
