internal import SystemIO

/// The place of a secret in a value.
extension SecretFinder {
  /// Marks the secret in a value.
  mutating func mark(_ value: Range<Int>, _ form: SecretList.Form, _ kind: SecretName.Kind) {
    let text = bytes[value]
    switch form {
    case .whole: add(value, kind)
    case .credentials: add(text.first?.isQuote == true ? quoted(at: value.lowerBound, in: value) : value, kind)
    case .group:
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")), !text[(colon + 1)...].allSatisfy(\.isDigit),
        !text[(colon + 1)...].starts(with: "//".utf8)
      else { return }
      add(colon + 1..<value.upperBound, kind)
    case .after(let separator):
      guard let place = text.firstIndex(of: separator.asciiValue ?? 0) else { return scanText(value, isScript: false) }
      add(place + 1..<value.upperBound, kind)
    case .header:
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")), SecretName.kind(of: text[..<colon]) != nil else {
        return scanText(value, isScript: false)
      }
      addHeader(colon + 1..<value.upperBound)
    case .cookie:
      if text.contains(UInt8(ascii: "=")) { add(value, kind) }
    case .source:
      if text.starts(with: "pass:".utf8) { add(value.lowerBound + 5..<value.upperBound, kind) }
    case .word:
      if !text.contains(where: { "/\\:*".utf8.contains($0) }) { add(value, kind) }
    case .random(let isPassword):
      if SecretShape.isRandom(text, isPassword: isPassword) { add(value, kind) }
    case .besideUser:
      if SecretShape.isPassword(text) { add(value, kind) }
    case .member(let name):
      for pair in text.split(separator: UInt8(ascii: ",")) where pair.starts(with: (name + "=").utf8) {
        add(pair.startIndex + name.utf8.count + 1..<pair.endIndex, kind)
      }
    case .userMember:
      for pair in text.split(separator: UInt8(ascii: ",")) {
        guard let percent = pair.firstIndex(of: UInt8(ascii: "%")),
          pair.starts(with: "user=".utf8) || pair.starts(with: "username=".utf8)
        else { continue }
        add(percent + 1..<pair.endIndex, kind)
      }
      scanText(value, isScript: false)
    case .owner:
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return }
      let group = text[(colon + 1)...]
      let isGroup = group.elementsEqual(text[..<colon]) || SecretList.groups.contains(SecretName.lowerCase(group))
      if !isGroup { mark(value, .group, kind) }
    case .substitution: markSubstitution(value)
    case .none: scanText(value, isScript: false)
    case .database:
      guard let slash = text.firstIndex(of: UInt8(ascii: "/")), slash > value.lowerBound,
        text.first != UInt8(ascii: "@")
      else { return }
      add(slash + 1..<(text.lastIndex(of: UInt8(ascii: "@")) ?? value.upperBound), kind)
    }
  }

  /// Marks the replacement of a placeholder: `s/@DB_PASSWORD@/x/`.
  private mutating func markSubstitution(_ script: Range<Int>) {
    let text = bytes[script]
    guard text.count > 4, text.first == UInt8(ascii: "s") else { return scanText(script, isScript: false) }
    let delimiter = text[script.lowerBound + 1]
    guard !delimiter.isNameByte, !delimiter.isBlankOrNewline, delimiter != UInt8(ascii: "\\") else {
      return scanText(script, isScript: false)
    }
    let pattern = text.dropFirst(2).prefix { $0 != delimiter }
    let value = text[min(pattern.endIndex + 1, script.upperBound)...].prefix { $0 != delimiter }
    let names = pattern.split { !$0.isNameByte }
    guard names.count == 1, !pattern.contains(UInt8(ascii: "=")), let kind = SecretName.kind(of: names[0])
    else { return scanText(script, isScript: false) }
    let isPlaceholder = names[0].count < pattern.count || names[0].starts(with: "__".utf8)
    if isPlaceholder || SecretShape.isRandom(value, isPassword: SecretName.isPassword(names[0])) {
      add(value.startIndex..<value.endIndex, kind)
    }
  }

  /// Marks a header's value; the scheme of credentials is shown: `Bearer`.
  mutating func addHeader(_ value: Range<Int>) {
    var start = value.lowerBound
    while start < value.upperBound, bytes[start].isBlank { start += 1 }
    let word = bytes[start..<value.upperBound].prefix { !$0.isBlank }
    if word.endIndex < value.upperBound, word.count <= 7, SecretList.schemes.contains(SecretName.lowerCase(word)) {
      start = word.endIndex + 1
    }
    add(start..<value.upperBound, .secret)
  }

  mutating func add(_ secret: Range<Int>, _ kind: SecretName.Kind) {
    if kind == .command {
      // `echo x`, perhaps in quotes.
      let words = bytes[secret].split(maxSplits: 1) { $0.isBlank }
      let name = words.first.map { SecretName.lowerCase($0.drop(while: \.isQuote)) }
      if words.count == 2, name == "echo" || name == "printf" { found.append(words[1].startIndex..<words[1].endIndex) }
      return
    }
    if !secret.isEmpty, !SecretName.isHarmless(bytes[secret], kind), !isUnexpanded(secret) { found.append(secret) }
  }
}
