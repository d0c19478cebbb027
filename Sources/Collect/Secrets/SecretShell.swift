internal import SystemIO

/// The words of a shell's command line, and text that a shell has not yet expanded.
extension SecretFinder {
  func hasBlank(_ argument: Range<Int>) -> Bool {
    bytes[argument].contains { $0.isBlankOrNewline }
  }

  /// A word without the quotes around it.
  func unquoted(_ word: Range<Int>) -> Range<Int> {
    guard word.count > 1, let quote = bytes[word].first, quote.isQuote, bytes[word].last == quote else { return word }
    return word.lowerBound + 1..<word.upperBound - 1
  }

  /// The words of a shell's command line, with their quotes; an empty range between two commands.
  func words(of text: Range<Int>) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var start: Int?
    var quote: UInt8?
    var place = text.lowerBound
    while place < text.upperBound {
      let byte = bytes[place]
      if let current = quote {
        if byte == current { quote = nil }
        if byte == UInt8(ascii: "\\"), current == UInt8(ascii: "\"") { place += 1 }
      } else if byte.isBlankOrNewline
        || ";|&()".utf8.contains(byte) && !isInWord(place, from: start) && !isRedirection(place, in: text)
      {
        if let begun = start { words.append(begun..<place) }
        if !byte.isBlank { words.append(place..<place) }
        start = nil
        place += 1
        continue
      } else {
        if byte.isQuote { quote = byte }
        if byte == UInt8(ascii: "\\") { place += 1 }
        if start == nil { start = min(place, text.upperBound - 1) }
      }
      if start == nil { start = place }
      place += 1
    }
    if let start { words.append(start..<text.upperBound) }
    return words
  }

  /// Whether a character that separates commands is part of a URL's query instead.
  func isInWord(_ place: Int, from start: Int?) -> Bool {
    guard let start else { return false }
    return bytes[start..<place].contains(UInt8(ascii: ":")) && bytes[start..<place].contains(UInt8(ascii: "/"))
  }

  /// Whether a `&` belongs to a redirection rather than ends a command: `2>&1`, `&> file`.
  private func isRedirection(_ place: Int, in text: Range<Int>) -> Bool {
    guard bytes[place] == UInt8(ascii: "&") else { return false }
    return place > text.lowerBound && bytes[place - 1] == UInt8(ascii: ">")
      || place + 1 < text.upperBound && bytes[place + 1] == UInt8(ascii: ">")
  }

  /// A value without the names before it: `--rsh=sshpass -p x ssh`, `--property=ExecStart=mysql -px`.
  ///
  /// An option behind a name keeps its own: `ARGS=--user=u:x`. Quotes around the value are left out.
  func withoutName(_ text: Range<Int>) -> Range<Int> {
    var (start, end) = (text.lowerBound, text.upperBound)
    for _ in 0..<4 where start < end {
      if start > text.lowerBound, bytes[start] == UInt8(ascii: "-") { break }
      let name = bytes[start..<end].prefix { $0.isNameByte || "/:+,".utf8.contains($0) }
      guard !name.isEmpty, name.endIndex + 1 < end, bytes[name.endIndex] == UInt8(ascii: "=") else { break }
      let value = unquoted(name.endIndex + 1..<end)
      (start, end) = (value.lowerBound, value.upperBound)
    }
    return start..<end
  }

  /// Whether a value is a variable or a command of a shell that has not been replaced by its value: `$TOKEN`,
  /// `${TOKEN}`, `$1`, `$(cat /run/token)`.
  ///
  /// An argument of another program may be a secret that begins so; a variable's name has no small letters there.
  func isUnexpanded(_ value: Range<Int>) -> Bool {
    var (start, end) = (value.lowerBound, value.upperBound)
    while start < end, bytes[start].isQuote { start += 1 }
    while start < end, bytes[end - 1].isQuote { end -= 1 }
    guard start < end, bytes[start] == UInt8(ascii: "$") else { return false }
    let isLiteral = start > 0 && bytes[start - 1] == UInt8(ascii: "'")
    let name = bytes[start + 1..<end]
    guard let first = name.first else {
      return end < bytes.count && bytes[end] == UInt8(ascii: "(") && isReader(at: end, until: end)
    }
    switch first {
    case UInt8(ascii: "("): return isReader(at: start + 1, until: end)
    case UInt8(ascii: "{"): return name.last == UInt8(ascii: "}") && isVariable(name.dropFirst().dropLast())
    default:
      if name.count == 1, first.isDigit { return true }
      let isCapital = name.allSatisfy { !(0x61...0x7A).contains($0) }
      return isVariable(name) && (isCapital || isShellText && !isLiteral)
    }
  }

  private func isVariable(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, !first.isDigit else { return false }
    return name.allSatisfy { $0.isNameByte && !"-.".utf8.contains($0) }
  }

  /// Whether a command in brackets reads a secret from elsewhere rather than prints its own arguments, and whether
  /// nothing follows it.
  private func isReader(at bracket: Int, until end: Int) -> Bool {
    let limit = min(bytes.count, bracket + 512)
    let command = bracketed(at: bracket, in: bracket..<limit)
    let next = command.upperBound + 1
    guard next <= limit, end <= next, next == bytes.count || !bytes[next].isNameByte else { return false }
    let words = bytes[command].split { $0.isBlankOrNewline || ";|&()".utf8.contains($0) }
    return !words.isEmpty
      && !words.contains { word in
        let name = SecretName.lowerCase(word[((word.lastIndex(of: UInt8(ascii: "/")) ?? word.startIndex - 1) + 1)...])
        return ["echo", "printf", "yes"].contains(name) || word.starts(with: "<<".utf8)
      }
  }
}
