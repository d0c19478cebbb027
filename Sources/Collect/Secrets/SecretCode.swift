internal import SystemIO

/// Secrets in code and markup: arguments of calls, lists of quoted names and values, elements of XML.
extension SecretFinder {
  /// Place of the first byte that is no blank.
  private func skipBlanks(_ place: Int, in text: Range<Int>) -> Int {
    var place = place
    while place < text.upperBound, bytes[place].isBlank { place += 1 }
    return place
  }

  /// `db.auth("user", "value")`, `smtp.login('user', 'value')`, `HTTPBasicAuth('user', 'value')`, `set_token('value')`.
  mutating func scanCall(at place: Int, in text: Range<Int>) {
    let whole = bytes[nameStart(before: place, in: text)..<place]
    let name = SecretName.lowerCase(whole)
    let isSetter = whole[((whole.lastIndex(of: UInt8(ascii: ".")) ?? whole.startIndex - 1) + 1)...].starts(
      with: "set".utf8)
    guard isSetter || SecretList.callEndings.contains(where: { name.hasSuffix($0) }) else { return }
    let start = skipBlanks(place + 1, in: text)
    guard start < text.upperBound, bytes[start].isQuote else { return }
    let user = quoted(at: start, in: text)
    if isSetter {
      let isPassword = SecretName.isPassword(whole)
      if SecretName.kind(of: whole) != nil, SecretShape.isRandom(bytes[user], isPassword: isPassword) {
        add(user, .secret)
      }
      return
    }
    let comma = skipBlanks(user.upperBound + 1, in: text)
    guard comma < text.upperBound, bytes[comma] == UInt8(ascii: ",") else { return }
    let value = skipBlanks(comma + 1, in: text)
    if value < text.upperBound, bytes[value].isQuote { add(quoted(at: value, in: text), .secret) }
  }

  /// `"--password", "value"`, `setdefault("API_KEY", "value")`, by the quote that ends the name.
  mutating func scanQuotedName(at place: Int, in text: Range<Int>) {
    let comma = skipBlanks(place + 1, in: text)
    guard comma < text.upperBound, bytes[comma] == UInt8(ascii: ",") else { return }
    let start = nameStart(before: place, in: text)
    guard start > text.lowerBound, bytes[start - 1] == bytes[place] else { return }
    let value = skipBlanks(comma + 1, in: text)
    guard value < text.upperBound, bytes[value].isQuote, let kind = SecretName.kind(of: bytes[start..<place])
    else { return }
    let secret = quoted(at: value, in: text)
    let isOption = bytes[start] == UInt8(ascii: "-")
    let isPassword = SecretName.isPassword(bytes[start..<place])
    if isOption || SecretShape.isRandom(bytes[secret], isPassword: isPassword) { add(secret, kind) }
  }

  /// `<password>value</password>`, by the end of the first tag.
  mutating func scanElement(at place: Int, in text: Range<Int>) {
    var start = place
    while start > text.lowerBound, bytes[start - 1] != UInt8(ascii: "<"), place - start < 128 { start -= 1 }
    guard start > text.lowerBound, bytes[start - 1] == UInt8(ascii: "<") else { return }
    var name = bytes[start..<place].prefix { !$0.isBlankOrNewline }
    // The prefix of a namespace.
    if let colon = name.firstIndex(of: UInt8(ascii: ":")) { name = name[(colon + 1)...] }
    let value = bytes[(place + 1)..<text.upperBound].prefix { $0 != UInt8(ascii: "<") }
    guard bytes[value.endIndex..<text.upperBound].starts(with: "</".utf8), let kind = SecretName.kind(of: name)
    else { return }
    add(value.startIndex..<value.endIndex, kind)
  }

  /// `password%3Dvalue`, an encoded pair in a URL or a form.
  mutating func scanEncodedPair(at place: Int, in text: Range<Int>) {
    let rest = bytes[place..<text.upperBound]
    guard rest.starts(with: "%3D".utf8) || rest.starts(with: "%3d".utf8),
      let kind = SecretName.kind(of: bytes[nameStart(before: place, in: text)..<place])
    else { return }
    var end = place + 3
    while end < text.upperBound, !bytes[end].isBlankOrNewline, !bytes[end].isQuote, bytes[end] != UInt8(ascii: "&"),
      !bytes[end..<text.upperBound].starts(with: "%26".utf8)
    {
      end += 1
    }
    add(place + 3..<end, kind)
  }

  /// The text between a bracket and its counterpart, which may lie beyond the text: `('user', 'value')`.
  func bracketed(at place: Int, in text: Range<Int>) -> Range<Int> {
    let opening = bytes[place]
    let closing: UInt8 = opening == UInt8(ascii: "(") ? opening + 1 : opening + 2
    var (end, depth) = (place + 1, 1)
    while end < text.upperBound {
      if bytes[end] == opening { depth += 1 }
      if bytes[end] == closing { depth -= 1 }
      if depth == 0 { break }
      end += 1
    }
    return place + 1..<end
  }
}
