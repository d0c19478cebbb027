/// Removes comments and white space without meaning from the sources of the page.
enum Minifier {
  /// Minifies a file by its media type.
  ///
  /// A script that cannot be tokenized for certain stays as it is.
  static func minified(_ source: some Collection<UInt8>, type: String) -> [UInt8] {
    let source = Array(source)
    if type.hasPrefix("text/javascript") { return ScriptMinifier.minified(source) ?? source }
    return type.hasPrefix("text/css") ? style(source) : markup(source)
  }

  /// Removes indentation and empty lines.
  private static func markup(_ source: [UInt8]) -> [UInt8] {
    source.split(separator: UInt8(ascii: "\n")).map { $0.drop { $0 == UInt8(ascii: " ") } }.filter { !$0.isEmpty }
      .flatMap { $0 + [UInt8(ascii: "\n")] }
  }

  /// Removes comments, spaces beside punctuation and the last semicolon of a block.
  ///
  /// Keeps a space before a colon or an opening parenthesis and after a closing one, which can be part of a selector or
  /// a value.
  private static func style(_ source: [UInt8]) -> [UInt8] {
    let (before, behind) = (Array("{};:,>(".utf8), Array("{};,>)!".utf8))
    var result: [UInt8] = []
    result.reserveCapacity(source.count)
    var (index, isSpace) = (0, false)
    while index < source.count {
      let byte = source[index]
      if " \t\r\n".utf8.contains(byte) {
        isSpace = true
        index += 1
        continue
      }
      if source[index...].starts(with: "/*".utf8) {
        index += 2
        while index < source.count, !source[index...].starts(with: "*/".utf8) { index += 1 }
        index += 2
        isSpace = true
        continue
      }
      if isSpace, let last = result.last, !before.contains(last), !behind.contains(byte) {
        result.append(UInt8(ascii: " "))
      }
      isSpace = false
      if byte == UInt8(ascii: "}"), result.last == UInt8(ascii: ";") { result.removeLast() }
      let start = index
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        index += 1
        while index < source.count, source[index] != byte { index += source[index] == UInt8(ascii: "\\") ? 2 : 1 }
      } else if byte == UInt8(ascii: "\\") {
        index += 1
      }
      index = min(index + 1, source.count)
      result += source[start..<index]
    }
    return result
  }
}

/// Minifies a module of JavaScript, token by token (ECMA-262 §12).
///
/// A line break stays unless the token before or behind it shows that no semicolon is inserted there (§12.10).
private struct ScriptMinifier {
  private enum Token { case none, word, number, text, expression, sign }

  private let source: [UInt8]
  private var index = 0
  private var output: [UInt8] = []
  private var last = Token.none
  /// Start of the last word in `output`, and whether it is the name of a property.
  private var word = 0
  private var isProperty = false
  /// Whether each open brace belongs to a template literal.
  private var braces: [Bool] = []
  /// Whether a statement follows each open parenthesis, and the last closed one.
  private var parentheses: [Bool] = []
  private var isHead = false
  /// Whether the last semicolon is a statement of its own.
  private var isEmptyStatement = false

  /// A slash with an ambiguous meaning, or text without an end.
  private struct Unclear: Error {}

  static func minified(_ source: [UInt8]) -> [UInt8]? {
    var minifier = ScriptMinifier(source: source)
    do throws(Unclear) { try minifier.run() } catch { return nil }
    return minifier.output
  }

  private init(source: [UInt8]) {
    self.source = source
    output.reserveCapacity(source.count)
  }

  private mutating func run() throws(Unclear) {
    while true {
      let (isSpace, isLine) = try skipSpace()
      guard index < source.count else { break }
      let byte = source[index]
      if isLine, needsLine(before: byte) {
        output.append(UInt8(ascii: "\n"))
      } else if isSpace, needsSpace(before: byte) {
        output.append(UInt8(ascii: " "))
      }
      if Self.isWord(byte) {
        takeWord()
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        try takeString(byte)
      } else if byte == UInt8(ascii: "`") {
        take(1)
        try takeTemplate()
      } else if byte == UInt8(ascii: "/"), try isExpression() {
        try takeExpression()
      } else {
        try takeSign(byte)
      }
    }
    guard braces.isEmpty, parentheses.isEmpty else { throw Unclear() }
  }

  private func byte(at index: Int) -> UInt8 { index < source.count ? source[index] : 0 }

  private mutating func take(_ count: Int) {
    let end = min(index + count, source.count)
    output += source[index..<end]
    index = end
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// Whether a byte is part of a name or a number; any outside of ASCII counts.
  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: true
    case UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "@"): true
    default: isDigit(byte)
    }
  }

  /// Skips white space and comments; returns whether there was any, and whether it contains a line break.
  private mutating func skipSpace() throws(Unclear) -> (isSpace: Bool, isLine: Bool) {
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
          guard index < source.count else { throw Unclear() }
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

  /// Whether the output ends with `++` or `--`.
  private var endsWithStep: Bool { output.suffix(2) == [43, 43] || output.suffix(2) == [45, 45] }

  /// Whether a line break before a byte may end a statement.
  private func needsLine(before byte: UInt8) -> Bool {
    // No statement and no class member begins with these; but a number can begin with a dot.
    if ")]},;:?=&|<>%^".utf8.contains(byte) || byte == UInt8(ascii: ".") && !Self.isDigit(self.byte(at: index + 1)) {
      return false
    }
    switch last {
    case .none: return false
    case .word, .number, .text, .expression: return true
    // None of these ends a statement, except for the semicolon and the brace, which need no other.
    case .sign: return !"{([,;:?=&|<>*%^!~+-".utf8.contains(output.last ?? 0) || endsWithStep
    }
  }

  /// Whether two tokens would merge without a space between them.
  private func needsSpace(before byte: UInt8) -> Bool {
    let before = output.last ?? 0
    return switch last {
    case .none, .text: false
    case .word, .expression: Self.isWord(byte)
    case .number: Self.isWord(byte) || byte == UInt8(ascii: ".")
    case .sign:
      switch byte {
      case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"): before == byte
      // `<!--` and `-->` are legacy comments.
      case UInt8(ascii: "!"): before == UInt8(ascii: "<")
      case UInt8(ascii: ">"): before == UInt8(ascii: "-")
      default: false
      }
    }
  }

  private mutating func takeWord() {
    isProperty = last == .sign && output.last == UInt8(ascii: ".") && !output.suffix(2).elementsEqual("..".utf8)
    word = output.count
    let isNumber = Self.isDigit(source[index])
    while index < source.count, Self.isWord(source[index]) || isNumber && source[index] == UInt8(ascii: ".") {
      output.append(source[index])
      index += 1
    }
    last = isNumber ? .number : .word
  }

  private mutating func takeString(_ quote: UInt8) throws(Unclear) {
    let start = index
    index += 1
    while byte(at: index) != quote {
      guard index < source.count, source[index] != UInt8(ascii: "\n") else { throw Unclear() }
      index += source[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index += 1
    output += source[start..<index]
    last = .text
  }

  /// Consumes a template literal from its backquote or the end of an expression to its end or the next expression.
  private mutating func takeTemplate() throws(Unclear) {
    while index < source.count {
      switch source[index] {
      case UInt8(ascii: "`"):
        take(1)
        last = .text
        return
      case UInt8(ascii: "$") where byte(at: index + 1) == UInt8(ascii: "{"):
        take(2)
        braces.append(true)
        last = .sign
        return
      case UInt8(ascii: "\\"): take(2)
      default: take(1)
      }
    }
    throw Unclear()
  }

  /// Whether the last token is one of some keywords.
  private func isKeyword(_ names: [String]) -> Bool {
    last == .word && !isProperty && names.contains { output[word...].elementsEqual($0.utf8) }
  }

  /// Whether a slash begins a regular expression, which is the case if a value is expected.
  private func isExpression() throws(Unclear) -> Bool {
    switch last {
    case .none: return true
    case .number, .text, .expression: return false
    case .word:
      return isKeyword([
        "return", "typeof", "case", "do", "else", "in", "instanceof", "void", "delete", "throw", "new", "await",
        "yield",
      ])
    case .sign:
      switch output.last {
      case UInt8(ascii: ")"): return isHead
      case UInt8(ascii: "]"): return false
      // End of a block or of an object.
      case UInt8(ascii: "}"): throw Unclear()
      default: return !endsWithStep
      }
    }
  }

  private mutating func takeExpression() throws(Unclear) {
    let start = index
    var isClass = false
    index += 1
    while isClass || byte(at: index) != UInt8(ascii: "/") {
      guard index < source.count, source[index] != UInt8(ascii: "\n") else { throw Unclear() }
      if source[index] == UInt8(ascii: "[") { isClass = true }
      if source[index] == UInt8(ascii: "]") { isClass = false }
      index += source[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    index += 1
    while index < source.count, Self.isWord(source[index]) { index += 1 }
    output += source[start..<index]
    last = .expression
  }

  private mutating func takeSign(_ sign: UInt8) throws(Unclear) {
    switch sign {
    case UInt8(ascii: "("): parentheses.append(isKeyword(["if", "while", "for", "with"]))
    case UInt8(ascii: ")"):
      guard let head = parentheses.popLast() else { throw Unclear() }
      isHead = head
    case UInt8(ascii: "{"): braces.append(false)
    case UInt8(ascii: "}"):
      guard let isTemplate = braces.popLast() else { throw Unclear() }
      if last == .sign, output.last == UInt8(ascii: ";"), !isEmptyStatement { output.removeLast() }
      if isTemplate {
        take(1)
        return try takeTemplate()
      }
    case UInt8(ascii: ";"):
      isEmptyStatement =
        isKeyword(["else", "do"])
        || last == .sign && (output.last == UInt8(ascii: ":") || output.last == UInt8(ascii: ")") && isHead)
    default: break
    }
    take(1)
    last = .sign
  }
}
