internal import SystemIO

/// How much of command lines is shown.
package enum CommandLineDetail: String, CaseIterable, Sendable {
  /// As they are.
  case full
  /// With asterisks for secrets.
  case masked
  /// Not at all.
  case none
}

/// The arguments of a process as one line.
package enum CommandLineText {
  /// Maximum length in bytes; longer ones are truncated, which a mark shows.
  package static let limit = 4_096
  private static let cutMark = " …"
  /// Bytes in which secrets are searched: more than are shown, since masks are shorter than secrets.
  private static let window = 2 * limit
  private static let mask: [UInt8] = Array("********".utf8)

  /// Joins arguments, each terminated by NUL, by blanks; nil without any, or where none are to be shown.
  package static func text(_ arguments: Span<UInt8>, _ detail: CommandLineDetail = .masked) -> String? {
    if detail == .none { return nil }
    var end = min(arguments.count, window)
    // A process that changed its title has only zeros behind it.
    var isCut = (end..<arguments.count).contains { arguments[$0] != 0 }
    // The end of a cut argument might be half of a secret that only its other half shows.
    if end < arguments.count, arguments[end] != 0 { while end > 0, !arguments[end - 1].isBlankOrNewline { end -= 1 } }
    while end > 0, arguments[end - 1] == 0 { end -= 1 }
    if end == 0 { return isCut ? "…" : nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(end)
    for index in 0..<end { bytes.append(arguments[index]) }
    if detail == .masked { bytes = masked(bytes) }
    for index in bytes.indices where bytes[index] == 0 { bytes[index] = UInt8(ascii: " ") }
    isCut = isCut || bytes.count > limit
    if isCut, bytes.count > limit - cutMark.utf8.count {
      end = limit - cutMark.utf8.count
      // Not within a character.
      while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
      bytes.removeLast(bytes.count - end)
    }
    return String(decoding: bytes, as: UTF8.self) + (isCut ? cutMark : "")
  }

  /// A variable of a process's environment, `NAME=value`, which is masked by its name, too; nil where none are to be shown.
  package static func variable(_ bytes: Span<UInt8>, _ detail: CommandLineDetail) -> String? {
    guard let text = text(bytes, detail) else { return nil }
    guard detail == .masked, let equals = text.firstIndex(of: "=") else { return text }
    let name = text[..<equals].uppercased()
    let isSecret = SecretList.variableParts.contains { name.contains($0) }
    return isSecret ? text[...equals] + String(decoding: mask, as: UTF8.self) : text
  }

  /// A text other than a command line, such as the value of a setting, with asterisks for secrets.
  ///
  /// A long word that looks random is one, too: a token in the place of its file.
  package static func masked(_ text: String) -> String {
    Array(maskedArgument(text).utf8).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { word in
      let isToken = word.count >= 20 && !word.contains { "/.".utf8.contains($0) } && SecretShape.isRandom(word)
      return String(decoding: isToken ? mask[...] : word, as: UTF8.self)
    }.joined(separator: " ")
  }

  /// A text with asterisks for the secrets that it would have as an argument of a program.
  package static func maskedArgument(_ text: String) -> String {
    // Not the first, which would be the name of a program.
    let name = Array("agent\0".utf8)
    return String(decoding: masked(name + text.utf8.filter { $0 != 0 }).dropFirst(name.count), as: UTF8.self)
  }

  /// Replaces the secrets of arguments.
  private static func masked(_ bytes: [UInt8]) -> [UInt8] {
    let arguments = bytes.split(separator: 0, omittingEmptySubsequences: false).map { $0.startIndex..<$0.endIndex }
    let secrets = SecretFinder(bytes, arguments: arguments).found.sorted { $0.lowerBound < $1.lowerBound }
    if secrets.isEmpty { return bytes }
    var result: [UInt8] = []
    var place = 0
    for secret in secrets where secret.upperBound > place {
      // Overlapping ones share a mask.
      if secret.lowerBound >= place {
        result += bytes[place..<secret.lowerBound]
        result += mask
      }
      place = secret.upperBound
    }
    return result + bytes[place...]
  }
}
