/// The brackets of a script and their meaning.
struct ScriptSyntax {
  /// The contents of a pair of brackets.
  enum Role { case block, object, members, group }

  /// A word's place in an object or a pattern.
  enum Place { case key, shorthand, value }

  /// Words that name no variable, or not in every place (ECMA-262 §12.7.2).
  static let keywords: Set<String> = [
    "arguments", "as", "async", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default",
    "delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if", "import",
    "in", "instanceof", "let", "new", "null", "of", "return", "static", "super", "switch", "this", "throw", "true",
    "try", "typeof", "var", "void", "while", "with", "yield",
  ]

  let tokens: [ScriptToken]
  /// The text of each word; empty for other tokens.
  let words: [String]
  /// The byte of each sign; 0 for other tokens.
  private let signs: [UInt8]
  /// The innermost open bracket around each token.
  private(set) var parents: [Int?]
  /// The closing bracket of an open one, and the open one of a closing one.
  private var closings: [Int?]
  private var openings: [Int?]
  /// The role of an open bracket.
  private(set) var roles: [Role?]

  var all: Range<Int> { 0..<tokens.count }

  init(_ tokens: [ScriptToken], in source: [UInt8]) throws(UnclearScript) {
    self.tokens = tokens
    words = tokens.map { $0.kind == .word ? String(decoding: source[$0.range], as: UTF8.self) : "" }
    // A part of a template opens with its last byte.
    signs = tokens.map { $0.kind == .sign ? source[$0.range.upperBound - 1] : 0 }
    parents = Array(repeating: nil, count: tokens.count)
    (closings, openings) = (parents, parents)
    roles = Array(repeating: nil, count: tokens.count)
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      let first = source[token.range.lowerBound]
      if token.kind != .word, ")]}".utf8.contains(first), token.kind == .sign || first == UInt8(ascii: "}") {
        guard let start = open.popLast() else { throw UnclearScript() }
        (closings[start], openings[index]) = (index, start)
      }
      parents[index] = open.last
      if "([{".utf8.contains(signs[index]) {
        roles[index] = token.range.count == 1 && signs[index] == UInt8(ascii: "{") ? try role(ofBrace: index) : .group
        open.append(index)
      }
    }
    guard open.isEmpty else { throw UnclearScript() }
  }

  /// Whether a token is one of some signs.
  func isSign(_ index: Int, _ choices: Character...) -> Bool {
    tokens.indices.contains(index) && choices.contains { $0.asciiValue == signs[index] }
  }

  /// The text of a word; empty for other tokens, and beyond the ends.
  func word(_ index: Int) -> String { words.indices.contains(index) ? words[index] : "" }

  /// The role of the brackets around a token; a block's outside of all.
  func role(around index: Int) -> Role { parents[index].flatMap { roles[$0] } ?? .block }

  /// Whether a word stands behind a dot that is not one of a spread's three.
  func isProperty(_ index: Int) -> Bool { isSign(index - 1, ".") && !isSign(index - 2, ".") }

  /// Whether a token opens a block.
  func isBlock(_ index: Int) -> Bool { roles.indices.contains(index) && roles[index] == .block }

  /// Whether `=>` begins at a token.
  func isArrow(_ index: Int) -> Bool { isSign(index, "=") && isSign(index + 1, ">") }

  /// The index behind a token, or behind the closing bracket of an open one.
  func after(_ bracket: Int) -> Int {
    var index = bracket
    // Each part of a template closes the one before it.
    while let end = closings[index] { index = end }
    return index + 1
  }

  // MARK: Braces

  private func role(ofBrace index: Int) throws(UnclearScript) -> Role {
    let before = index - 1
    guard before >= 0 else { return .block }
    switch tokens[before].kind {
    case .word:
      if isMembers(before) { return .members }
      if isProperty(before) { throw UnclearScript() }
      switch words[before] {
      case "else", "do", "try", "catch", "finally": return .block
      case "await", "case", "const", "default", "delete", "export", "import", "in", "let", "new", "of", "return",
        "throw",
        "typeof", "void", "yield":
        return .object
      default: throw UnclearScript()
      }
    case .sign: return try role(ofBraceBehind: before)
    default: throw UnclearScript()
    }
  }

  private func role(ofBraceBehind before: Int) throws(UnclearScript) -> Role {
    if isSign(before, ";", "}") || isArrow(before - 1) { return .block }
    if isSign(before, ")") {
      // A class whose base is the result of a call.
      if isMembers((openings[before] ?? 0) - 1) { throw UnclearScript() }
      return .block
    }
    if isSign(before, "{") {
      if roles[before] == .group { return .object }
      guard roles[before] == .block else { throw UnclearScript() }
      return .block
    }
    guard isSign(before, ":"), role(around: before) == .block else { return .object }
    // The end of a case, or the middle of a condition.
    var index = before - 1
    while index >= 0, !isSign(index, ";") {
      if parents[index] == parents[before] {
        if ["case", "default"].contains(words[index]) { return .block }
        if isSign(index, "?") { return .object }
      }
      index -= 1
    }
    throw UnclearScript()
  }

  /// Whether a word ends the head of a class.
  private func isMembers(_ end: Int) -> Bool {
    var index = end
    while index >= 0, !words[index].isEmpty || isSign(index, ".") {
      if words[index] == "class" { return true }
      if index < end, words[index] != "extends", !words[index].isEmpty, ScriptSyntax.keywords.contains(words[index]) {
        return false
      }
      index -= 1
    }
    return false
  }

  // MARK: Members

  /// The place of a word directly in an object or a pattern.
  func place(ofMember index: Int, in parent: Int) throws(UnclearScript) -> Place {
    func isStart(_ index: Int) -> Bool { index - 1 == parent || isSign(index - 1, ",") }
    let isAccessor = ["get", "set", "async"].contains(word(index - 1)) && isStart(index - 1)
    if isAccessor || isSign(index - 1, "*") && isStart(index - 1), isSign(index + 1, "(") { return .key }
    guard isStart(index) else { return .value }
    if isSign(index + 1, ":", "(") { return .key }
    if isSign(index + 1, ",", "}") || isSign(index + 1, "=") && !isSign(index + 2, "=", ">") { return .shorthand }
    if ["get", "set", "async"].contains(words[index]), !word(index + 1).isEmpty { return .key }
    throw UnclearScript()
  }

  // MARK: Extents

  /// Moves an index from an equals sign to the comma, semicolon or bracket behind its value.
  func skipExpression(at index: inout Int) throws(UnclearScript) {
    index += 1
    while index < tokens.count, openings[index] == nil, !isSign(index, ",", ";"), !["of", "in"].contains(words[index]) {
      guard tokens[index].separator != UInt8(ascii: "\n") else { throw UnclearScript() }
      index = after(index)
    }
  }

  /// The end of an arrow's body, or an index before it.
  func endOfBody(_ start: Int) -> Int {
    if isBlock(start) { return after(start) }
    var (index, conditions) = (start, 0)
    while index < tokens.count, openings[index] == nil, !isSign(index, ",", ";") {
      if index > start, tokens[index].separator == UInt8(ascii: "\n") { break }
      if isSign(index, "?"), isSign(index + 1, "?") || isSign(index + 1, ".") {
        index += 2
        continue
      }
      if isSign(index, "?") { conditions += 1 }
      if isSign(index, ":") {
        if conditions == 0 { break }
        conditions -= 1
      }
      index = after(index)
    }
    return index
  }

  /// The end of the statement behind a head, or an index before it.
  func endOfStatement(_ start: Int) -> Int {
    if isBlock(start) { return after(start) }
    var index = start
    while index < tokens.count, openings[index] == nil, !isSign(index, ";") {
      if index > start, tokens[index].separator == UInt8(ascii: "\n") { break }
      if isBlock(index) { return after(index) }
      index = after(index)
    }
    return index
  }
}
