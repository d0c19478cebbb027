internal import SystemIO

/// Secrets that show themselves in any text: pairs of name and value, URLs, headers, tokens.
extension SecretFinder {
  /// Finds the secrets in an argument.
  ///
  /// - Parameter isScript: whether it is a command line, in which a value ends at a blank.
  mutating func scanText(_ text: Range<Int>, isScript: Bool) {
    var place = text.lowerBound
    var isWordStart = true
    while place < text.upperBound {
      let byte = bytes[place]
      switch byte {
      case UInt8(ascii: "="): scanPair(at: place, in: text, isScript)
      case UInt8(ascii: "("): scanCall(at: place, in: text)
      case UInt8(ascii: ">"): scanElement(at: place, in: text)
      case UInt8(ascii: "%"): scanEncodedPair(at: place, in: text)
      case UInt8(ascii: ":"):
        if bytes[place..<text.upperBound].starts(with: "://".utf8) {
          scanURL(from: place + 3, in: text)
        } else if !scanColon(at: place, in: text) {
          scanMember(at: place, in: text)
        }
      case UInt8(ascii: "@"): scanUserInfo(at: place, in: text)
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        scanQuoted(at: place, in: text)
        scanQuotedName(at: place, in: text)
      default:
        if isWordStart { scanToken(at: place, in: text) }
      }
      isWordStart = !byte.isNameByte || byte == UInt8(ascii: ".")
      place += 1
    }
  }

  // MARK: Pairs

  /// Start of the name that ends before a place.
  func nameStart(before place: Int, in text: Range<Int>) -> Int {
    var start = place
    while start > text.lowerBound, bytes[start - 1].isNameByte, place - start < 128 { start -= 1 }
    return start
  }

  /// `NAME=value`.
  private mutating func scanPair(at place: Int, in text: Range<Int>, _ isScript: Bool) {
    var end = place
    // `config['password'] = 'value'`, `password = value`.
    while end > text.lowerBound {
      let byte = bytes[end - 1]
      guard byte.isBlank || byte.isQuote || "]:".utf8.contains(byte) else { break }
      end -= 1
    }
    let start = nameStart(before: end, in: text)
    guard let kind = SecretName.kind(of: bytes[start..<end]) ?? kindOfNamedValue(start..<end, in: text) else {
      return scanPasswordOfUser(at: place, in: text)
    }
    // `==` and `=>` are one sign.
    var value = place + 1
    while value < text.upperBound, bytes[value] == UInt8(ascii: "=") || bytes[value] == UInt8(ascii: ">") { value += 1 }
    while value < text.upperBound, bytes[value].isBlank { value += 1 }
    guard value < text.upperBound else { return }
    let separator = start > text.lowerBound ? bytes[start - 1] : 0
    // An argument of its own may contain blanks.
    if !isScript, separator == 0 || separator == UInt8(ascii: "=") {
      add(value..<text.upperBound, kind)
    } else if bytes[value].isQuote || bytes[value] == UInt8(ascii: "`") {
      add(quoted(at: value, in: text), kind)
    } else if "([{".utf8.contains(bytes[value]) {
      add(bracketed(at: value, in: text), kind)
    } else {
      let rest = bytes[value..<text.upperBound]
      let end: ArraySlice<UInt8>
      switch lastSeparator(before: start, in: text) {
      case UInt8(ascii: ";"): end = rest.prefix { $0 != UInt8(ascii: ";") && !$0.isQuote }
      case UInt8(ascii: ","): end = rest.prefix { $0 != UInt8(ascii: ",") && !$0.isQuote && !$0.isBlankOrNewline }
      default: end = rest.prefix { !$0.isBlankOrNewline && !$0.isQuote && !";&|".utf8.contains($0) }
      }
      add(value..<end.endIndex, kind)
    }
  }

  /// The kind of a value whose name is a value, too: `"name":"DB_PASSWORD","value":"x"`,
  /// `ParameterKey=DBPassword,ParameterValue=x`; nil for one that is no secret.
  private func kindOfNamedValue(_ name: Range<Int>, in text: Range<Int>) -> SecretName.Kind? {
    guard let last = bytes[name].last, last | 0x20 == UInt8(ascii: "e"),
      SecretName.lowerCase(bytes[name].suffix(5)) == "value"
    else { return nil }
    func isEnd(_ byte: UInt8) -> Bool { "{}\n;|&".utf8.contains(byte) }
    var start = name.lowerBound
    let first = max(text.lowerBound, start - 256)
    while start > first, !isEnd(bytes[start - 1]) { start -= 1 }
    if let kind = kindOfName(in: start..<name.lowerBound) { return kind }
    // Members of an object have no order.
    guard name.upperBound < text.upperBound, isMark(bytes[name.upperBound]) else { return nil }
    let rest = bytes[name.upperBound..<min(text.upperBound, name.upperBound + 256)].prefix { !isEnd($0) }
    return kindOfName(in: name.upperBound..<rest.endIndex)
  }

  /// The kind of the value of the last `name`, `key` or `type` of some pairs.
  private func kindOfName(in pairs: Range<Int>) -> SecretName.Kind? {
    var names: [String: ArraySlice<UInt8>] = [:]
    for place in pairs where bytes[place] == UInt8(ascii: "=") || bytes[place] == UInt8(ascii: ":") {
      var end = place
      while end > pairs.lowerBound, isMark(bytes[end - 1]) { end -= 1 }
      let word = SecretName.lowerCase(bytes[nameStart(before: end, in: pairs.lowerBound..<end)..<end].suffix(16))
      guard let ending = ["name", "key", "type"].first(where: { word.hasSuffix($0) }) else { continue }
      let value = bytes[place + 1..<pairs.upperBound].drop { isMark($0) }.prefix { $0.isNameByte }
      names[ending == "key" ? "name" : ending] = value
    }
    for value in names.values {
      if let kind = SecretName.kind(of: value), kind != .command { return kind }
    }
    return nil
  }

  /// Whether it stands around a name, also in a string that is quoted itself.
  private func isMark(_ byte: UInt8) -> Bool { byte.isQuote || byte.isBlank || byte == UInt8(ascii: "\\") }

  /// `SET PASSWORD FOR 'user'@'host' = 'value'` of SQL.
  private mutating func scanPasswordOfUser(at place: Int, in text: Range<Int>) {
    let value = place + 1 + bytes[place + 1..<text.upperBound].prefix { $0.isBlank }.count
    guard value < text.upperBound, bytes[value].isQuote else { return }
    let before = SecretName.lowerCase(bytes[max(text.lowerBound, place - 128)..<place])
    if before.split(separator: " ").suffix(3).starts(with: ["password", "for"]) {
      add(quoted(at: value, in: text), .secret)
    }
  }

  /// The character before a name, apart from blanks: pairs of one list have the same separator.
  private func lastSeparator(before start: Int, in text: Range<Int>) -> UInt8? {
    var place = start
    while place > text.lowerBound, bytes[place - 1].isBlank { place -= 1 }
    return place > text.lowerBound ? bytes[place - 1] : nil
  }

  /// `"name":"value"` of JSON, `name: value` of YAML and headers, `X-Name:value`.
  private mutating func scanMember(at place: Int, in text: Range<Int>) {
    var end = place
    let isQuoted = end > text.lowerBound && bytes[end - 1].isQuote
    if isQuoted { end -= 1 }
    // JSON within a string: `{\"name\":\"value\"}`.
    let isEscaped = isQuoted && end > text.lowerBound && bytes[end - 1] == UInt8(ascii: "\\")
    if isEscaped { end -= 1 }
    let start = nameStart(before: end, in: text)
    guard start < end, place + 1 < text.upperBound else { return }
    let isHeader =
      bytes[start..<end].starts(with: "X-".utf8)
      || SecretName.lowerCase(bytes[start..<end].suffix(13)) == "authorization"
    guard isQuoted || isHeader || bytes[place + 1].isBlank || bytes[place + 1].isQuote,
      let kind = SecretName.kind(of: bytes[start..<end]) ?? kindOfNamedValue(start..<end, in: text)
    else { return }
    var value = place + 1
    while value < text.upperBound, bytes[value].isBlank { value += 1 }
    if isEscaped, value < text.upperBound, bytes[value] == UInt8(ascii: "\\") { value += 1 }
    guard value < text.upperBound, isQuoted || !isEndOfPrompt(value, in: text) else { return }
    if isEscaped, bytes[value].isQuote {
      add(escaped(at: value, in: text), kind)
    } else if bytes[value].isQuote {
      add(quoted(at: value, in: text), kind)
    } else if bytes[value] == UInt8(ascii: "[") {
      add(bracketed(at: value, in: text), kind)
    } else if isQuoted {
      add(
        value..<bytes[value..<text.upperBound].prefix { !$0.isBlankOrNewline && !",}]".utf8.contains($0) }.endIndex,
        kind)
    } else {
      // The value of a header ends with its line, or with the quote around the header.
      let quote = start > text.lowerBound && bytes[start - 1].isQuote ? bytes[start - 1] : 0
      let line = bytes[value..<text.upperBound].prefix { $0 != 0x0A && $0 != 0x0D && $0 != quote }
      addHeader(value..<line.endIndex)
    }
  }

  /// Whether a quote ends the text with the name rather than begins a value: `echo "Password: "; read -s p`.
  private func isEndOfPrompt(_ place: Int, in text: Range<Int>) -> Bool {
    let quote = bytes[place]
    guard quote.isQuote else { return false }
    if place + 1 < text.upperBound, !bytes[place + 1].isBlankOrNewline, !";|&)".utf8.contains(bytes[place + 1]) {
      return false
    }
    let before = bytes[max(text.lowerBound, place - 512)..<place]
    return before.count(where: { $0 == quote }) % 2 == 1
  }

  /// The text between a quote and its end, which may lie beyond the text.
  func quoted(at place: Int, in text: Range<Int>) -> Range<Int> {
    let quote = bytes[place]
    var end = place + 1
    while end < text.upperBound, bytes[end] != quote {
      end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    return place + 1..<max(place + 1, min(end, text.upperBound))
  }

  /// The text between a quote and its end in a string that is quoted itself: `\"value\"`.
  private func escaped(at place: Int, in text: Range<Int>) -> Range<Int> {
    var end = place + 1
    while end < text.upperBound, bytes[end] != bytes[place] || bytes[end - 1] != UInt8(ascii: "\\") { end += 1 }
    return place + 1..<max(place + 1, end < text.upperBound ? end - 1 : end)
  }

  /// `IDENTIFIED BY 'value'`, `PASSWORD 'value'`, `PASSWORD('value')` of SQL; `send "value"` of expect.
  private mutating func scanQuoted(at place: Int, in text: Range<Int>) {
    var end = place
    while end > text.lowerBound, bytes[end - 1].isBlank || bytes[end - 1] == UInt8(ascii: "(") { end -= 1 }
    // `PASSWORD E'value'` of SQL.
    if end == place, end > text.lowerBound, "eEnNbBxX".utf8.contains(bytes[end - 1]) {
      end -= 1
      while end > text.lowerBound, bytes[end - 1].isBlank || bytes[end - 1] == UInt8(ascii: "(") { end -= 1 }
      if end == place - 1 { return }
    }
    guard end < place else { return }
    // `send -- "value"`.
    if bytes[text.lowerBound..<end].suffix(7).elementsEqual("send --".utf8) { end -= 3 }
    let word = SecretName.lowerCase(bytes[nameStart(before: end, in: text)..<end])
    if SecretList.quotedBehind.contains(word) { add(quoted(at: place, in: text), .secret) }
  }

  // MARK: URLs

  /// The user info of a URL, after its `://`.
  private mutating func scanURL(from start: Int, in text: Range<Int>) {
    let word = bytes[start..<text.upperBound].prefix { !$0.isBlankOrNewline && !$0.isQuote && $0 != UInt8(ascii: ">") }
    scanPath(word)
    scanStream(word, in: text)
    let authority = word.prefix { !"/?#".utf8.contains($0) }
    let colon = authority.firstIndex(of: UInt8(ascii: ":"))
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      if let colon, colon < at {
        add(colon + 1..<at, .secret)
      } else if at - start >= 16 {
        // A token in the place of a user: https://TOKEN@github.com.
        add(start..<at, .secret)
      }
    } else if let colon, authority.first != UInt8(ascii: "["), !authority[(colon + 1)...].allSatisfy(\.isDigit),
      let at = word.lastIndex(of: UInt8(ascii: "@"))
    {
      // A password with a slash, which should be percent-encoded. A port has only digits.
      add(colon + 1..<at, .secret)
    }
  }

  /// The key of a stream, behind the application in the path of an RTMP URL: `rtmp://host/live/key`.
  private mutating func scanStream(_ word: ArraySlice<UInt8>, in text: Range<Int>) {
    let end = word.startIndex - 3
    let scheme = SecretName.lowerCase(bytes[nameStart(before: end, in: text)..<end])
    guard scheme.hasPrefix("rtmp"), let host = word.firstIndex(of: UInt8(ascii: "/")),
      let application = word[(host + 1)...].firstIndex(of: UInt8(ascii: "/"))
    else { return }
    add(application + 1..<word.endIndex, .secret)
  }

  /// `user:password@host`, `user:password@tcp(host:3306)/database` of Go's drivers, `domain/user:password@host`, and
  /// `thin:user/password@host` of Oracle's.
  private mutating func scanUserInfo(at place: Int, in text: Range<Int>) {
    var start = place
    while start > text.lowerBound, !bytes[start - 1].isBlankOrNewline, !bytes[start - 1].isQuote,
      bytes[start - 1] != UInt8(ascii: "=")
    {
      start -= 1
    }
    // `:method:user:password@host` of CVS.
    if start < place, bytes[start] == UInt8(ascii: ":"),
      let colon = bytes[(start + 1)..<place].firstIndex(of: UInt8(ascii: ":"))
    {
      start = colon + 1
    }
    let word = bytes[start..<place]
    // URLs have a rule of their own.
    guard !word.contains(where: { $0 == UInt8(ascii: "?") }), !hasScheme(word) else { return }
    if let end = end(of: Self.thin, in: word), let slash = bytes[end..<place].firstIndex(of: UInt8(ascii: "/")) {
      add(slash + 1..<place, .secret)
    } else if let colon = word.firstIndex(of: UInt8(ascii: ":")), colon > start, isHost(after: place, in: text),
      !SecretList.harmlessSchemes.contains(SecretName.lowerCase(word[..<colon].suffix(8)))
    {
      add(colon + 1..<place, .secret)
    }
  }

  private static let scheme = Array("://".utf8)
  private static let thin = Array(":thin:".utf8)

  /// Whether a word has a URL's `://`.
  private func hasScheme(_ word: ArraySlice<UInt8>) -> Bool { end(of: Self.scheme, in: word) != nil }

  /// Whether the name of a host or a driver follows, not a digest or a type: `image:tag@sha256:…`, `a:b:1@aar`.
  private func isHost(after place: Int, in text: Range<Int>) -> Bool {
    let rest = bytes[(place + 1)..<text.upperBound]
    guard let first = rest.first else { return false }
    // A port of this host: `-L=user:password@:8080`.
    if first == UInt8(ascii: ":") { return rest.dropFirst().first?.isDigit == true }
    guard first.isNameByte || first == UInt8(ascii: "[") else { return false }
    return !rest.starts(with: "sha256:".utf8) && !rest.starts(with: "sha512:".utf8) && !rest.starts(with: "aar".utf8)
  }

  /// The end of the first occurrence of a text in a word.
  private func end(of part: [UInt8], in word: ArraySlice<UInt8>) -> Int? {
    guard word.count >= part.count else { return nil }
    for start in word.startIndex...(word.endIndex - part.count) where word[start] == part[0] {
      if word[start..<start + part.count].elementsEqual(part) { return start + part.count }
    }
    return nil
  }

  /// The path of a URL that is a secret itself, of a webhook.
  private mutating func scanPath(_ word: ArraySlice<UInt8>) {
    for part in SecretList.secretPaths {
      if let end = end(of: part, in: word) { return add(end..<word.endIndex, .secret) }
    }
  }

  /// `secret:value`, `/password:value` of Windows, `123456789:AA…` of Telegram's bots; returns whether it is one.
  private mutating func scanColon(at place: Int, in text: Range<Int>) -> Bool {
    let start = nameStart(before: place, in: text)
    let rest = bytes[(place + 1)..<text.upperBound]
    guard let first = rest.first, start < place, first.isNameByte || first > 0x7F || "!$%^+~".utf8.contains(first)
    else { return false }
    if (8...12).contains(place - start), bytes[start..<place].allSatisfy(\.isDigit) {
      let token = rest.prefix { $0.isNameByte }
      guard token.count >= 30, token.starts(with: "AA".utf8) else { return false }
      add(token.startIndex..<token.endIndex, .secret)
      return true
    }
    // The hyphens of an option belong to its name.
    let isAlone =
      start == text.lowerBound || bytes[start - 1].isBlankOrNewline || "{,".utf8.contains(bytes[start - 1])
      || bytes[start - 1] == UInt8(ascii: "/") && start - 1 == text.lowerBound
    let name = SecretName.lowerCase(bytes[start..<place].filter { !"-_.".utf8.contains($0) }[...])
    guard isAlone, SecretList.colonNames.contains(name) || isOfWindows(start, place, in: text) else { return false }
    let value = rest.prefix { !$0.isBlankOrNewline && !$0.isQuote && !",}".utf8.contains($0) }
    // A key of a database rather than a token: `get token:1234`.
    if value.allSatisfy(\.isDigit), name == "token" || name == "secret" { return true }
    add(value.startIndex..<value.endIndex, .secret)
    return true
  }

  /// Whether a name is that of an option of Windows: `/processModel.password:value`.
  private func isOfWindows(_ start: Int, _ end: Int, in text: Range<Int>) -> Bool {
    guard start == text.lowerBound + 1, bytes[start - 1] == UInt8(ascii: "/") else { return false }
    return SecretName.kind(of: bytes[start..<end]) == .secret
  }

  // MARK: Tokens

  /// A token that shows itself by its beginning, a JSON Web Token, or credentials with their scheme.
  private mutating func scanToken(at place: Int, in text: Range<Int>) {
    let rest = bytes[place..<text.upperBound]
    switch rest.first {
    case UInt8(ascii: "e") where rest.starts(with: "eyJ".utf8):
      let token = rest.prefix { $0.isNameByte || "+/=".utf8.contains($0) }
      // Header and claims; a cut one has no signature. Or an object alone, as of a tunnel's token.
      if token.count >= 24, token.contains(UInt8(ascii: ".")) || token.count >= 48 {
        add(place..<token.endIndex, .secret)
      }
    case UInt8(ascii: "B"), UInt8(ascii: "b"):
      if SecretName.lowerCase(rest.prefix(6)) == "basic " {
        let value = rest.dropFirst(6).prefix { $0 > 0x20 && !$0.isQuote }
        if value.count >= 8, SecretShape.isRandom(value) { add(value.startIndex..<value.endIndex, .secret) }
      }
      guard SecretName.lowerCase(rest.prefix(7)) == "bearer " else { break }
      let token = rest.dropFirst(7).prefix { $0 > 0x20 && !$0.isQuote }
      if token.count >= 8 { add(token.startIndex..<token.endIndex, .secret) }
    case UInt8(ascii: "-") where rest.starts(with: "-----BEGIN ".utf8):
      let line = rest.dropFirst(5).prefix { $0 != UInt8(ascii: "-") }
      if line.suffix(11).elementsEqual("PRIVATE KEY".utf8) { add(line.endIndex..<text.upperBound, .secret) }
    default: break
    }
    for token in SecretList.tokensByCharacter[Int(bytes[place])] where rest.starts(with: token.prefix) {
      let value = rest.dropFirst(token.prefix.count).prefix { $0.isNameByte }
      guard value.count >= token.length, !token.hasDigit || value.contains(where: \.isDigit) else { continue }
      add(place..<value.endIndex, .secret)
    }
  }
}

extension UInt8 {
  /// Whether a name may contain it: letters, digits, `_`, `-` and `.`.
  var isNameByte: Bool {
    (0x61...0x7A).contains(self | 0x20) || isDigit || self == UInt8(ascii: "_")
      || self == UInt8(ascii: "-") || self == UInt8(ascii: ".")
  }
}
