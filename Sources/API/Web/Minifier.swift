/// Removes comments and white space without meaning from the sources of the page.
enum Minifier {
  /// Minifies a file by its media type.
  ///
  /// A script that cannot be tokenized for certain stays as it is.
  static func minified(_ source: some Collection<UInt8>, type: String) -> [UInt8] {
    let source = Array(source)
    if type.hasPrefix("text/javascript") { return script(source) }
    return type.hasPrefix("text/css") ? style(source) : markup(source)
  }

  /// Removes comments and white space, and shortens the names that only the module itself uses.
  private static func script(_ source: [UInt8]) -> [UInt8] {
    guard let tokens = try? ScriptTokenizer.tokens(of: source) else { return source }
    let names = (try? ScriptNames.shortened(tokens, in: source)) ?? [:]
    var result: [UInt8] = []
    result.reserveCapacity(source.count)
    for (index, token) in tokens.enumerated() {
      if let separator = token.separator { result.append(separator) }
      if let name = names[index] { result += name.utf8 } else { result += source[token.range] }
    }
    return result
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
