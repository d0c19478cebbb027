/// A token of JavaScript.
struct ScriptToken {
  enum Kind { case word, number, text, expression, sign }

  let kind: Kind
  /// The part of the source; a part of a template literal reaches from a brace or backquote to the next.
  let range: Range<Int>
  /// The line feed or space that has to stay before it.
  let separator: UInt8?
}

/// A script whose meaning is not certain without a complete parser.
struct UnclearScript: Error {}

/// Splits a module of JavaScript into tokens (ECMA-262 §12), without comments and white space.
///
/// A line break stays unless the token before or behind it shows that no semicolon is inserted there (§12.10).
struct ScriptTokenizer {
  private let source: [UInt8]
  private var index = 0
  private var tokens: [ScriptToken] = []
  /// Whether each open brace belongs to a template literal.
  private var braces: [Bool] = []
  /// Whether a statement follows each open parenthesis, and the last closed one.
  private var parentheses: [Bool] = []
  private var isHead = false
  /// Whether the last semicolon is a statement of its own.
  private var isEmptyStatement = false
  /// The separator of the next token.
  private var separator: UInt8?

  static func tokens(of source: [UInt8]) throws(UnclearScript) -> [ScriptToken] {
    var tokenizer = ScriptTokenizer(source: source)
    try tokenizer.run()
    return tokenizer.tokens
  }

  private init(source: [UInt8]) {
    self.source = source
    tokens.reserveCapacity(source.count / 4)
  }

  private mutating func run() throws(UnclearScript) {
    while true {
      let (isSpace, isLine) = try skipSpace()
      guard index < source.count else { break }
      let byte = source[index]
      separator =
        isLine && needsLine(before: byte)
        ? UInt8(ascii: "\n") : isSpace && needsSpace(before: byte) ? UInt8(ascii: " ") : nil
      if Self.isWord(byte) {
        takeWord()
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        try takeString(byte)
      } else if byte == UInt8(ascii: "`") {
        try takeTemplate()
      } else if byte == UInt8(ascii: "/"), try isExpression() {
        try takeExpression()
      } else {
        try takeSign(byte)
      }
    }
    guard braces.isEmpty, parentheses.isEmpty else { throw UnclearScript() }
  }

  private func byte(at index: Int) -> UInt8 { index < source.count ? source[index] : 0 }

  /// Adds the token from a start to the current place.
  private mutating func add(_ kind: ScriptToken.Kind, from start: Int) {
    index = min(index, source.count)
    tokens.append(ScriptToken(kind: kind, range: start..<index, separator: separator))
  }

  /// The last byte of the last token; 0 before the first.
  private var lastByte: UInt8 { tokens.last.map { source[$0.range.upperBound - 1] } ?? 0 }

  /// Whether the last token is a sign.
  private func isLast(_ sign: Character) -> Bool {
    tokens.last?.kind == .sign && lastByte == sign.asciiValue
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// Whether a byte is part of a name or a number; any outside of ASCII counts.
  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: true
    case UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "@"): true
    default: isDigit(byte)
    }
  }

  /// Skips white space and comments; returns whether there was any, and whether it contains a line break.
  private mutating func skipSpace() throws(UnclearScript) -> (isSpace: Bool, isLine: Bool) {
    let start = index
    var isLine = false
    while index < source.count {
      switch (source[index], byte(at: index + 1)) {
      case (UInt8(ascii: "\n"), _), (UInt8(ascii: "\r"), _):
        isLine = true
        index += 1
      case (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _):
        index += 1
      case (UInt8(ascii: "/"), UInt8(ascii: "/")):
        while index < source.count, source[index] != UInt8(ascii: "\n") { index += 1 }
      case (UInt8(ascii: "/"), UInt8(ascii: "*")):
        index += 2
        while !(byte(at: index) == UInt8(ascii: "*") && byte(at: index + 1) == UInt8(ascii: "/")) {
          guard index < source.count else { throw UnclearScript() }
          if source[index] == UInt8(ascii: "\n") { isLine = true }
          index += 1
        }
        index += 2
      default:
        return (index > start, isLine)
      }
    }
    return (index > start, isLine)
  }

  /// Whether the last two tokens are `++` or `--`.
  private var endsWithStep: Bool {
    guard isLast("+") || isLast("-"), let last = tokens.last, last.separator == nil, tokens.count > 1 else {
      return false
    }
    let before = tokens[tokens.count - 2]
    return before.kind == .sign && source[before.range.upperBound - 1] == lastByte
  }

  /// Whether a line break before a byte may end a statement.
  private func needsLine(before byte: UInt8) -> Bool {
    // No statement and no class member begins with these; but a number can begin with a dot.
    if ")]},;:?=&|<>%^".utf8.contains(byte) || byte == UInt8(ascii: ".") && !Self.isDigit(self.byte(at: index + 1)) {
      return false
    }
    switch tokens.last?.kind {
    case nil: return false
    case .word, .number, .text, .expression: return true
    // None of these ends a statement, except for the semicolon and the brace, which need no other.
    case .sign: return !"{([,;:?=&|<>*%^!~+-".utf8.contains(lastByte) || endsWithStep
    }
  }

  /// Whether two tokens would merge without a space between them.
  private func needsSpace(before byte: UInt8) -> Bool {
    switch tokens.last?.kind {
    case nil, .text: return false
    case .word, .expression: return Self.isWord(byte)
    case .number: return Self.isWord(byte) || byte == UInt8(ascii: ".")
    case .sign:
      switch byte {
      case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"): return lastByte == byte
      // `<!--` and `-->` are legacy comments.
      case UInt8(ascii: "!"): return lastByte == UInt8(ascii: "<")
      case UInt8(ascii: ">"): return lastByte == UInt8(ascii: "-")
      default: return false
      }
    }
  }

  private mutating func takeWord() {
    let start = index
    let isNumber = Self.isDigit(source[index])
    while index < source.count, Self.isWord(source[index]) || isNumber && source[index] == UInt8(ascii: ".") {
      index += 1
    }
    add(isNumber ? .number : .word, from: start)
  }

  private mutating func takeString(_ quote: UInt8) throws(UnclearScript) {
    let start = index
    index += 1
    while byte(at: index) != quote {
      guard index < source.count, source[index] != UInt8(ascii: "\n") else { throw UnclearScript() }
      index += source[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index += 1
    add(.text, from: start)
  }

  /// Consumes a template literal from its backquote or the end of an expression to its end or the next expression.
  private mutating func takeTemplate() throws(UnclearScript) {
    let start = index
    index += 1
    while index < source.count {
      switch source[index] {
      case UInt8(ascii: "`"):
        index += 1
        return add(.text, from: start)
      case UInt8(ascii: "$") where byte(at: index + 1) == UInt8(ascii: "{"):
        index += 2
        braces.append(true)
        return add(.sign, from: start)
      case UInt8(ascii: "\\"): index += 2
      default: index += 1
      }
    }
    throw UnclearScript()
  }

  /// Whether the last token is one of some keywords.
  private func isKeyword(_ names: [String]) -> Bool {
    guard let last = tokens.last, last.kind == .word, !tokens.isProperty(tokens.count - 1, in: source) else {
      return false
    }
    return names.contains { source[last.range].elementsEqual($0.utf8) }
  }

  /// Whether a slash begins a regular expression, which is the case if a value is expected.
  private func isExpression() throws(UnclearScript) -> Bool {
    switch tokens.last?.kind {
    case nil: return true
    case .number, .text, .expression: return false
    case .word:
      return isKeyword([
        "return", "typeof", "case", "do", "else", "in", "instanceof", "void", "delete", "throw", "new", "await",
        "yield",
      ])
    case .sign:
      switch lastByte {
      case UInt8(ascii: ")"): return isHead
      case UInt8(ascii: "]"): return false
      // End of a block or of an object.
      case UInt8(ascii: "}"): throw UnclearScript()
      default: return !endsWithStep
      }
    }
  }

  private mutating func takeExpression() throws(UnclearScript) {
    let start = index
    var isClass = false
    index += 1
    while isClass || byte(at: index) != UInt8(ascii: "/") {
      guard index < source.count, source[index] != UInt8(ascii: "\n") else { throw UnclearScript() }
      if source[index] == UInt8(ascii: "[") { isClass = true }
      if source[index] == UInt8(ascii: "]") { isClass = false }
      index += source[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index += 1
    while index < source.count, Self.isWord(source[index]) { index += 1 }
    add(.expression, from: start)
  }

  private mutating func takeSign(_ sign: UInt8) throws(UnclearScript) {
    switch sign {
    case UInt8(ascii: "("): parentheses.append(isKeyword(["if", "while", "for", "with"]))
    case UInt8(ascii: ")"):
      guard let head = parentheses.popLast() else { throw UnclearScript() }
      isHead = head
    case UInt8(ascii: "{"): braces.append(false)
    case UInt8(ascii: "}"):
      guard let isTemplate = braces.popLast() else { throw UnclearScript() }
      if isLast(";"), !isEmptyStatement { tokens.removeLast() }
      if isTemplate { return try takeTemplate() }
    case UInt8(ascii: ";"): isEmptyStatement = isKeyword(["else", "do"]) || isLast(":") || isLast(")") && isHead
    default: break
    }
    index += 1
    add(.sign, from: index - 1)
  }
}

extension [ScriptToken] {
  /// Whether a word is the name of a property, behind a dot that is not one of a spread's three.
  func isProperty(_ index: Int, in source: [UInt8]) -> Bool {
    func isDot(_ index: Int) -> Bool {
      index >= 0 && self[index].kind == .sign && source[self[index].range] == [UInt8(ascii: ".")]
    }
    return isDot(index - 1) && !isDot(index - 2)
  }
}
