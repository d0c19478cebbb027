/// An independent parser of the text format, as strict as Prometheus.
struct ParsedText {
  struct Family: Equatable {
    var type: String
    var help: String
    /// Values by the text of all labels, sorted by name.
    var samples: [String: Double] = [:]
  }

  struct Malformed: Error {
    let description: String
  }

  private(set) var families: [String: Family] = [:]
  private(set) var names: [String] = []

  init(_ text: String) throws {
    guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(description: "no line feed at the end") }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      do { try add(line) } catch { throw Malformed(description: "\(line): \(error)") }
    }
  }

  /// Names and labels of the samples, with sorted labels, in either format.
  static func series(of text: String) throws -> [String] {
    try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let name = line.prefix { $0 != "{" && $0 != " " }
      var rest = line.dropFirst(name.count)
      return try "\(name){\(labels(&rest))}"
    }
  }

  private mutating func add(_ line: Substring) throws {
    if line.hasPrefix("# ") {
      let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
      guard words.count == 4 else { throw Malformed(description: "metadata") }
      switch words[1] {
      case "HELP":
        guard families[words[2]] == nil else { throw Malformed(description: "a family twice") }
        families[words[2]] = Family(type: "", help: words[3])
        names.append(words[2])
      case "TYPE":
        guard families[words[2]]?.type == "", names.last == words[2] else { throw Malformed(description: "TYPE") }
        families[words[2]]?.type = words[3]
      default: throw Malformed(description: "keyword")
      }
      return
    }
    let name = String(line.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" })
    guard name == names.last, families[name]?.type != "" else { throw Malformed(description: "not of the last family") }
    var rest = line.dropFirst(name.count)
    let labels = try Self.labels(&rest)
    guard rest.first == " ", let value = Double(rest.dropFirst()) else { throw Malformed(description: "value") }
    guard families[name]?.samples.updateValue(value, forKey: labels) == nil else {
      throw Malformed(description: "a series twice")
    }
  }

  private static func labels(_ rest: inout Substring) throws -> String {
    guard rest.first == "{" else { return "" }
    rest = rest.dropFirst()
    var labels: [(String, String)] = []
    while true {
      let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
      rest = rest.dropFirst(name.count)
      guard !name.isEmpty, rest.hasPrefix("=\"") else { throw Malformed(description: "label") }
      rest = rest.dropFirst(2)
      var value = ""
      var scalars = rest.unicodeScalars
      var isOpen = true
      while isOpen {
        guard let scalar = scalars.popFirst() else { throw Malformed(description: "no end of a label") }
        switch scalar {
        case "\"": isOpen = false
        case "\\":
          switch scalars.popFirst() {
          case "n": value += "\n"
          case "\\": value += "\\"
          case "\"": value += "\""
          default: throw Malformed(description: "escape")
          }
        default: value.unicodeScalars.append(scalar)
        }
      }
      rest = Substring(scalars)
      guard !labels.contains(where: { $0.0 == name }) else { throw Malformed(description: "a label twice") }
      labels.append((name, value))
      if rest.first == "}" { break }
      guard rest.first == "," else { throw Malformed(description: "between labels") }
      rest = rest.dropFirst()
    }
    rest = rest.dropFirst()
    return labels.sorted { $0.0 < $1.0 }.map { "\($0.0)=\($0.1)" }.joined(separator: ",")
  }
}
