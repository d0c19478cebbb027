internal import AgentMetrics
internal import Query
internal import SampleStore
internal import Why

/// Who used the machine between two times, in a box over the panels.
struct RankingView {
  let context: Context
  let choice: RankingChoice
  let answer: WindowAnswer?
  private var glyphs: Glyphs { context.glyphs }

  private struct Column {
    let title: String
    let width: Int
    let text: (Culprit) -> String
  }

  private struct Contents {
    var ranking = CulpritRanking()
    var reasons: [WindowReasons.WindowReason] = []
    var message = "no recorded use of this resource"
    /// Whether samples of the archive are awaited, or could not be read.
    var isMissing = false
  }

  /// From memory where it has the whole window, else from the archive, too.
  private var contents: Contents {
    guard !isArchived else {
      switch answer {
      case .ranking(let window):
        return Contents(ranking: window.rankings[choice.measure] ?? CulpritRanking(), reasons: window.reasons)
      case .failure(let reason): return Contents(message: reason, isMissing: true)
      case .comparison, .waste, nil: return Contents(message: "reading samples", isMissing: true)
      }
    }
    var sum = WindowSum(from: choice.start, to: choice.end, by: choice.grouping)
    let entries = context.hits.frameContext.entries
    // The last one up to its start and the first one after its end are beside it.
    let first = entries.lastIndex { $0.sample.timestamp.seconds <= choice.start } ?? entries.startIndex
    for entry in entries[first...] { sum.add(entry.sample) }
    return Contents(ranking: sum.ranking(of: choice.measure), reasons: sum.slowness.reasons)
  }

  private var isArchived: Bool { context.hits.frameContext.isArchived(choice.start) }

  func draw(on grid: inout Grid) {
    let contents = contents
    let (ranking, reasons) = (contents.ranking, contents.reasons)
    let rows = ranking.culprits
    context.hits.frameContext.overlayRows = rows.count
    let selected = min(choice.selected, max(0, rows.count - 1))
    let wanted = Size(width: min(132, grid.width - 2), height: max(4, rows.count) + 7 + reasons.count)
    let times = context.clock.span(from: choice.start, to: choice.end)
    let title = choice.measure.rawValue.uppercased() + " by " + choice.grouping.rawValue + ", " + times
    OverlayBox(title: title, wanted: wanted, glyphs: glyphs).draw(on: &grid) { grid, inner in
      var rest = inner
      let foot = rest.takeBottom(min(2, rest.height))
      let head = rest.takeTop(1)
      if !contents.isMissing { grid.putShortened(summary(ranking), x: head.x, y: head.y, limit: head.width) }
      drawKeys(on: &grid, in: foot)
      for reason in reasons where rest.height > 6 {
        let row = rest.takeTop(1)
        let text = "slow for " + TextFormat.seconds(reason.seconds) + ": " + reason.worst.text
        grid.putShortened(text, x: row.x, y: row.y, .warning, limit: row.width)
      }
      guard !rows.isEmpty else {
        grid.putShortened(contents.message, x: rest.x, y: rest.y, .muted, limit: rest.width)
        return OverlayBox.More()
      }
      let columns = columns(rest.width, rows)
      let nameWidth = max(8, rest.width - columns.reduce(0) { $0 + $1.width + 1 })
      let titles = rest.takeTop(1)
      grid.put("NAME", x: titles.x, y: titles.y, .muted)
      var end = titles.x + nameWidth
      for column in columns {
        end += column.width + 1
        grid.putRight(column.title, end: end, y: titles.y, .muted)
      }
      let first = max(0, min(selected - rest.height / 2, rows.count - rest.height))
      for (row, culprit) in rows.dropFirst(first).prefix(rest.height).enumerated() {
        let y = rest.y + row
        grid.putShortened(name(culprit), x: rest.x, y: y, limit: nameWidth)
        var end = rest.x + nameWidth
        for column in columns {
          end += column.width + 1
          grid.putRight(column.text(culprit), end: end, y: y, .plain, limit: column.width)
        }
        let line = Rect(x: rest.x, y: y, width: rest.width, height: 1)
        context.hits.add(.row(first + row), line)
        if first + row == selected { grid.restyle(line) { _ in .selection } }
      }
      return OverlayBox.More(first: first, visible: rest.height, of: rows.count)
    }
  }

  private func name(_ culprit: Culprit) -> String {
    let about = [
      culprit.kind ?? "", culprit.pid.isFinite ? TextFormat.fixed(culprit.pid, 0) : "",
      choice.grouping == .user ? "" : culprit.user ?? "", culprit.workload ?? "", culprit.command ?? "",
    ].filter { !$0.isEmpty }
    return ([culprit.name] + about).joined(separator: "  ")
  }

  private func columns(_ width: Int, _ rows: [Culprit]) -> [Column] {
    func time(_ seconds: Double) -> String { seconds.isFinite ? TextFormat.time(seconds, glyphs) : "" }
    func bytes(_ value: Double) -> String { value.isFinite ? TextFormat.compact(value, glyphs) : "" }
    let hasGPU = rows.contains { $0.gpu.isFinite }
    let all: [(column: Column, from: Int)] = [
      (Column(title: "SHARE", width: 6) { $0.share.isFinite ? TextFormat.percent($0.share, glyphs) : "" }, 0),
      (Column(title: "CPU", width: 7) { time($0.cpu) }, 0),
      (Column(title: "ENDED", width: 7) { $0.endedCPU > 0 ? time($0.endedCPU) : "" }, 84),
      (Column(title: "GPU", width: 7) { time($0.gpu) }, hasGPU ? 60 : .max),
      (
        Column(title: "ENERGY", width: 7) { $0.energy.isFinite ? TextFormat.count($0.energy, glyphs) + "J" : "" },
        hasGPU ? 90 : .max
      ),
      (Column(title: "READ", width: 7) { bytes($0.read) }, 70),
      (Column(title: "WRITTEN", width: 7) { bytes($0.written) }, 70),
      (Column(title: "MEM", width: 6) { bytes($0.memoryMean) }, 40),
      (Column(title: "PEAK", width: 6) { bytes($0.memoryPeak) }, 76),
    ]
    return all.filter { width >= $0.from }.map(\.column)
  }

  private func summary(_ ranking: CulpritRanking) -> String {
    var parts = [TextFormat.counted(Double(ranking.samples), "sample", "samples")]
    if ranking.unattributedShare.isFinite {
      parts.append(TextFormat.percent(ranking.unattributedShare, glyphs) + " not attributed")
    }
    if ranking.moreCulprits > 0 { parts.append(TextFormat.fixed(ranking.moreCulprits, 0) + " more") }
    if let remark = ranking.remark { parts.append(remark) }
    if !isArchived, let first = context.hits.frameContext.entries.first?.sample.timestamp.seconds,
      choice.start < first - 1
    {
      parts.append("only samples in memory, since " + context.clock.time(first))
    }
    return parts.joined(separator: glyphs.separator)
  }

  private func drawKeys(on grid: inout Grid, in rect: Rect) {
    grid.putShortened(
      "Tab: workloads, processes, users   c m i u e: CPU, memory, I/O, GPU, energy   Esc: close", x: rect.x,
      y: rect.bottom - 1, .muted, limit: rect.width)
  }
}

/// The window and the order of a ranking.
struct RankingChoice: Equatable {
  /// POSIX times.
  var start: Double
  var end: Double
  var grouping = CulpritGrouping.workload
  var measure = CulpritMeasure.cpu
  var selected = 0

  /// Applies a key; false for keys without a command.
  mutating func select(_ key: KeyPress) -> Bool {
    switch key {
    case .tab, .right: step(1)
    case .backTab, .left: step(-1)
    case .character("c"): measure = .cpu
    case .character("m"): measure = .memory
    case .character("i"): measure = .io
    case .character("u"): measure = .gpu
    case .character("e"): measure = .energy
    default: return false
    }
    selected = 0
    return true
  }

  private mutating func step(_ step: Int) {
    let all: [CulpritGrouping] = [.workload, .process, .user]
    let place = all.firstIndex(of: grouping) ?? 0
    grouping = all[(place + step + all.count) % all.count]
  }
}
