internal import AgentMetrics
internal import SystemIO

/// Filters processes; all terms must match.
///
/// `nginx` text in name, command line, service or pid · `/^py.*3$/` or any text with `^ $ * + ? [ ] |` a regular
/// expression (POSIX, extended, ignoring case) · `user:mira` · `service:docker` · `state:D` · `gpu` uses a GPU ·
/// `>50%cpu` `>2gmem` `>1mio` `>4gvram` `>10%gpu` `<…` a value · `!term` not.
struct ProcessFilter: Equatable {
  enum Measure: String, CaseIterable {
    case cpu, memory, io, vram, gpu
  }

  indirect enum Term: Equatable {
    case text(String)
    case pattern(String)
    case user(String)
    case service(String)
    case state(String)
    case usesGPU
    case above(Measure, Double)
    case below(Measure, Double)
    case not(Term)
  }

  let terms: [Term]
  private let expressions: [String: RegularExpression]

  /// Parses a filter; a malformed term matches as text.
  init(_ text: String) {
    terms = text.split(separator: " ").map { ProcessFilter.term(String($0)) }
    var expressions: [String: RegularExpression] = [:]
    for term in terms {
      var term = term
      if case .not(let inner) = term { term = inner }
      if case .pattern(let pattern) = term { expressions[pattern] = RegularExpression(pattern) }
    }
    self.expressions = expressions
  }

  static func == (left: ProcessFilter, right: ProcessFilter) -> Bool { left.terms == right.terms }

  private static func term(_ word: String) -> Term {
    let lower = word.lowercased()
    if word.hasPrefix("!"), word.utf8.count > 1 { return .not(term(String(word.dropFirst()))) }
    if lower == "gpu" { return .usesGPU }
    for (prefix, make) in [
      ("user:", Term.user), ("service:", Term.service), ("state:", Term.state),
    ] where lower.hasPrefix(prefix) {
      return make(String(lower.dropFirst(prefix.utf8.count)))
    }
    if lower.hasPrefix(">") || lower.hasPrefix("<"), let (measure, value) = metric(lower.dropFirst()) {
      return lower.hasPrefix(">") ? .above(measure, value) : .below(measure, value)
    }
    if word.hasPrefix("/"), word.hasSuffix("/"), word.utf8.count > 2 {
      let pattern = String(word.dropFirst().dropLast())
      if RegularExpression(pattern) != nil { return .pattern(pattern) }
    }
    if word.contains(where: { "^$*+?[]|".contains($0) }), RegularExpression(word) != nil { return .pattern(word) }
    return .text(lower)
  }

  /// Parses `50%cpu`, `2gmem`, `1.5mio`.
  private static func metric(_ text: Substring) -> (Measure, Double)? {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits), number.isFinite else { return nil }
    var rest = text.dropFirst(digits.count)
    var factor = 1.0
    if let unit = rest.first, let power = ["k": 10, "m": 20, "g": 30, "t": 40][unit], rest.dropFirst() != "em" {
      // `>2mem` has no unit: its m belongs to the word.
      factor = Double(1 << power)
      rest = rest.dropFirst()
      if rest.hasPrefix("ib") { rest = rest.dropFirst(2) }
    } else if rest.first == "%" {
      factor = 0.01
      rest = rest.dropFirst()
    }
    let words: [(String, Measure)] = [
      ("cpu", .cpu), ("mem", .memory), ("memory", .memory), ("rss", .memory), ("io", .io), ("vram", .vram),
      ("gpu", .gpu),
    ]
    guard let measure = words.first(where: { $0.0 == rest })?.1 else { return nil }
    return (measure, number * factor)
  }

  /// The forms of a threshold.
  static let thresholds = ">50%cpu >2gmem >1mio >4gvram >10%gpu"

  /// Returns the first malformed threshold, which matches as text.
  static func malformed(_ text: String) -> String? {
    text.split(separator: " ").lazy.map(String.init).first { word in
      let lower = word.lowercased().drop { $0 == "!" }
      return [">", "<"].contains(lower.first) && metric(lower.dropFirst()) == nil
    }
  }

  /// Whether a row passes the filter.
  func matches(_ row: ProcessRow, memoryTotal: Double) -> Bool {
    terms.allSatisfy { matches($0, row, memoryTotal) }
  }

  private func matches(_ term: Term, _ row: ProcessRow, _ memoryTotal: Double) -> Bool {
    let process = row.process
    switch term {
    case .text(let text):
      return Self.texts(of: row).contains { $0.lowercased().contains(text) } || String(row.number) == text
        || row.owner.map { String($0) } == text
    case .pattern(let pattern):
      guard let expression = expressions[pattern] else { return false }
      return Self.texts(of: row).contains(where: expression.matches)
    case .user(let user): return process.user.lowercased().hasPrefix(user)
    case .service(let service): return process.service?.lowercased().contains(service) == true
    case .state(let state):
      return state.utf8.contains { $0 & 0xDF == process.state & 0xDF }
    case .usesGPU: return row.usesGPU
    case .above(let measure, let value): return metric(measure, row, value, memoryTotal) > value
    case .below(let measure, let value): return metric(measure, row, value, memoryTotal) < value
    case .not(let term): return !matches(term, row, memoryTotal)
    }
  }

  /// The texts of a process; of a thread, also those of its process.
  private static func texts(of row: ProcessRow) -> [String] {
    let process = row.process
    return [process.name, process.command, process.service, row.ownerName, row.ownerCommand].compactMap(\.self)
  }

  private func metric(_ measure: Measure, _ row: ProcessRow, _ value: Double, _ memoryTotal: Double) -> Double {
    let metric: Double
    switch measure {
    case .cpu: metric = row.process.cpu
    // A share of all memory, or bytes.
    case .memory: metric = value <= 1 ? row.process.resident / memoryTotal : row.process.resident
    case .io: metric = row.process.ioRate
    case .vram: metric = row.vram
    case .gpu: metric = row.gpuUtil
    }
    return metric.isFinite ? metric : 0
  }
}
