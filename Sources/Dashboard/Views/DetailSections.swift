internal import AgentMetrics

/// A line of details: a name with a text, or a text over the whole width.
struct DetailLine {
  let name: String
  let text: String
  var style = Style.plain
  /// Whether the text begins at the left.
  var isWide = false

  /// The heading of a section.
  static func heading(_ text: String) -> DetailLine {
    DetailLine(name: "", text: text, style: .title, isWide: true)
  }

  static func wide(_ text: String, _ style: Style = .plain) -> DetailLine {
    DetailLine(name: "", text: text, style: style, isWide: true)
  }
}

/// The lists of a process's details.
extension DetailsView {
  /// The processes that started it, its parent first.
  func parents(of process: Process) -> [DetailLine] {
    let all = context.hits.frameContext.processes
    var texts: [String] = []
    var seen: Set<Int32> = [process.pid]
    var next = process.parent
    while texts.count < 16, seen.insert(next).inserted, let parent = all.first(where: { $0.pid == next }) {
      texts.append(String(parent.pid) + " " + parent.name)
      next = parent.parent
    }
    return texts.isEmpty ? [] : [DetailLine(name: "parents", text: texts.joined(separator: ", "))]
  }

  private var topic: DetailTopic { context.state.topic }

  /// The sections asked for, which come before all others.
  func first(of details: ProcessDetails) -> [DetailLine] {
    let lines =
      switch topic {
      case .summary: [DetailLine]()
      case .files: files(details)
      case .environment: environment(details)
      }
    guard lines.isEmpty, topic != .summary else { return lines }
    guard !details.refused.contains(where: { $0.hasPrefix(topicName) }) else {
      return [.wide(topicName + ": not permitted to read", .warning)]
    }
    let isKnown = topic == .files ? details.openFiles != nil : details.environment != nil
    return [.wide(topicName + (isKnown ? ": none" : ": not available"), .warning)]
  }

  private var topicName: String { topic == .files ? "open files" : "environment" }

  /// Says why a section that was asked for is missing where the details of a process cannot be read.
  var missing: [DetailLine] {
    guard topic != .summary else { return [] }
    if context.table.kind == .stored { return [.wide(topicName + ": not recorded", .warning)] }
    return canRead ? [] : [.wide(topicName + ": not read from another machine", .warning)]
  }

  /// Names the parts that are not permitted to read.
  private func refused(_ details: ProcessDetails) -> [DetailLine] {
    let parts = details.refused.filter { topic == .summary || !$0.hasPrefix(topicName) }
    return parts.isEmpty ? [] : [.wide("not permitted to read: " + parts.joined(separator: ", "), .warning)]
  }

  func sections(_ details: ProcessDetails) -> [DetailLine] {
    refused(details) + memory(details) + cgroup(details) + limits(details) + threads(details)
      + (topic == .files ? [] : files(details)) + (topic == .environment ? [] : environment(details))
  }

  private func files(_ details: ProcessDetails) -> [DetailLine] {
    list("FILES", details.files.map { String($0.descriptor) + " " + $0.path }) + list("SOCKETS", details.sockets)
  }

  private func environment(_ details: ProcessDetails) -> [DetailLine] {
    list("ENVIRONMENT", details.environment ?? [])
  }

  private func list(_ title: String, _ texts: [String]) -> [DetailLine] {
    guard !texts.isEmpty else { return [] }
    return [.heading(title + " " + String(texts.count))] + texts.map { .wide($0, .muted) }
  }

  private func memory(_ details: ProcessDetails) -> [DetailLine] {
    guard !details.memoryParts.isEmpty else { return [] }
    return [.heading("MEMORY MAP")]
      + Self.pairs(details.memoryParts.map { ($0.name, TextFormat.bytes($0.bytes, glyphs)) })
  }

  private func cgroup(_ details: ProcessDetails) -> [DetailLine] {
    guard let cgroup = details.cgroup else { return [] }
    let texts = FieldTexts.of(Cgroup.table, cgroup, glyphs).filter { $0.name != "version" && $0.name != "path" }
    return [.heading("CGROUP v" + TextFormat.fixed(cgroup.version, 0)), .wide(cgroup.path, .muted)]
      + Self.pairs(texts)
  }

  private func limits(_ details: ProcessDetails) -> [DetailLine] {
    var limits = details.limits
    if let files = details.openFilesLimit { limits.insert(("open files", files.soft, files.hard), at: 0) }
    guard !limits.isEmpty else { return [] }
    let head = DetailLine(name: "", text: Self.columns("", "soft", "hard"), style: .muted, isWide: true)
    return [.heading("LIMITS that are set"), head]
      + limits.map { .wide(Self.columns($0.name, $0.soft, $0.hard)) }
  }

  private static func columns(_ name: String, _ soft: String, _ hard: String) -> String {
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return name + right(soft, max(1, 36 - name.count)) + right(hard, 18)
  }

  private func threads(_ details: ProcessDetails) -> [DetailLine] {
    guard details.threads.count > 1 else { return [] }
    let lines = details.threads.map { thread -> DetailLine in
      let state = String(Unicode.Scalar(thread.state == 0 ? UInt8(ascii: "?") : thread.state))
      let time = ProcessTableView.time(thread.cpuTime)
      return DetailLine(name: String(thread.id), text: state + "  " + time + "  " + thread.name)
    }
    return [.heading("THREADS " + String(details.threads.count) + ", by CPU time")] + lines
  }

  /// Names and values, two to a line.
  static func pairs(_ texts: [(name: String, text: String)]) -> [DetailLine] {
    func cell(_ pair: (name: String, text: String)) -> String {
      let gap = max(1, 27 - Grid.columns(of: pair.name) - Grid.columns(of: pair.text))
      return pair.name + String(repeating: " ", count: gap) + pair.text
    }
    return stride(from: 0, to: texts.count, by: 2).map { place in
      let right = place + 1 < texts.count ? "  " + cell(texts[place + 1]) : ""
      return .wide(cell(texts[place]) + right)
    }
  }
}

/// The present values of a group as names and texts.
final class FieldTexts: FieldVisitor {
  private var texts: [(name: String, text: String)] = []
  private let glyphs: Glyphs

  private init(_ glyphs: Glyphs) { self.glyphs = glyphs }

  static func of<Owner: MetricGroup>(
    _ table: Table<Owner>, _ owner: Owner, _ glyphs: Glyphs
  ) -> [(name: String, text: String)] {
    let texts = FieldTexts(glyphs)
    table.visit(owner, texts)
    return texts.texts
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    texts.append((ValueCollector.name(of: definition), TextFormat.value(value, definition.unit, glyphs)))
  }

  func text(_ definition: Definition, _ value: String, at field: Int) {
    texts.append((ValueCollector.name(of: definition), value))
  }

  func flag(_ definition: Definition, _ value: Bool, at field: Int) {
    texts.append((ValueCollector.name(of: definition), value ? "yes" : "no"))
  }

  func enter(_ name: String, at field: Int) {}
  func leave() {}
  func enterList(_ name: String, at field: Int) {}
  func enterItem() {}
  func leaveList() {}
}
