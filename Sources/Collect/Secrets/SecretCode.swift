internal import SystemIO

/// Secrets in code and markup: arguments of calls, lists of quoted names and values, elements of XML.
extension SecretFinder {
  /// Place of the first byte that is no blank.
  private func skipBlanks(_ place: Int, in text: Range<Int>) -> Int {
    var place = place
    while place < text.upperBound, bytes[place].isBlank { place += 1 }
    return place
  }

  /// `db.auth("user", "value")`, `smtp.login('user', 'value')`, `HTTPBasicAuth('user', 'value')`, `set_token('value')`,
  /// `db.changeUserPassword("user", "value")`, `login("value")`, `new PDO("mysql:host=h", "user", "value")`.
  mutating func scanCall(at place: Int, in text: Range<Int>) {
    let whole = bytes[nameStart(before: place, in: text)..<place]
    let name = SecretName.lowerCase(whole)
    let function = whole[((whole.lastIndex(of: UInt8(ascii: ".")) ?? whole.startIndex - 1) + 1)...]
    let isSetter = ["set", "change", "update", "reset"].contains { function.starts(with: $0.utf8) }
    // Those of databases: host or data source, user, secret.
    let isConnect = name.contains("mysql") || ["pdo", "connect", "getconnection"].contains { name.hasSuffix($0) }
    let isLogin = SecretList.callEndings.contains { name.hasSuffix($0) }
    guard isSetter || isConnect || isLogin else { return }
    let start = skipBlanks(place + 1, in: text)
    guard start < text.upperBound, bytes[start].isQuote else { return }
    let values = quotedArguments(from: start, in: text)
    guard let first = values.first, let last = values.last else { return }
    if isSetter {
      guard SecretName.kind(of: whole) != nil else { return }
      // Behind the name of a user or a service, the last one is the secret, whatever it looks like.
      let isPassword = SecretName.isPassword(whole)
      if values.count > 1 && isPassword || SecretShape.isRandom(bytes[last], isPassword: isPassword) {
        add(last, .secret)
      }
    } else if isConnect, !isLogin {
      if values.count == 3, name.contains("mysql") || isDataSource(first) { add(last, .secret) }
    } else if values.count > 1 {
      add(values[1], .secret)
    } else if name.hasSuffix("login"), SecretShape.isRandom(bytes[first]) {
      add(first, .secret)
    }
  }

  /// Whether a text names a kind of database: `dbi:mysql:d`, `mysql:host=h`, `jdbc:postgresql://h/d`.
  private func isDataSource(_ text: Range<Int>) -> Bool {
    let kind = bytes[text].prefix { $0.isNameByte }
    return kind.count > 1 && kind.endIndex < text.upperBound && bytes[kind.endIndex] == UInt8(ascii: ":")
  }

  /// The first quoted arguments of a call, at most three.
  private func quotedArguments(from start: Int, in text: Range<Int>) -> [Range<Int>] {
    var values: [Range<Int>] = []
    var place = start
    while values.count < 3, place < text.upperBound, bytes[place].isQuote {
      let value = quoted(at: place, in: text)
      values.append(value)
      let comma = skipBlanks(value.upperBound + 1, in: text)
      guard comma < text.upperBound, bytes[comma] == UInt8(ascii: ",") else { break }
      place = skipBlanks(comma + 1, in: text)
    }
    return values
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
