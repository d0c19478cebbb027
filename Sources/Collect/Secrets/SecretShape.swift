internal import SystemIO

/// Distinguishes random values from words, where a name may have another meaning: `token S3cr7t9`, but not `token bucket`.
enum SecretShape {
  /// Whether a value is a path, an option, a variable of a shell, or punctuated like prose or code.
  private static func isOther(_ value: ArraySlice<UInt8>) -> Bool {
    guard let first = value.first, !"/.~-<@%{[".utf8.contains(first) else { return true }
    guard first == UInt8(ascii: "$"), let second = value.dropFirst().first else { return false }
    return isLetter(second) || "{(_".utf8.contains(second)
  }

  /// Whether a value looks random rather than like a name, a number or a word.
  ///
  /// - Parameter isPassword: whether the name before it is a password's, which is more often short or simple.
  static func isRandom(_ text: ArraySlice<UInt8>, isPassword: Bool = false) -> Bool {
    var value = text
    while let last = value.last, ".,;:?)'\"\\".utf8.contains(last) { value.removeLast() }
    while let first = value.first, "'\"\\".utf8.contains(first) { value.removeFirst() }
    guard (4...512).contains(value.count), !isOther(value) else { return false }
    var (letters, digits, marks, slashes) = (0, 0, 0, 0)
    for byte in value {
      if isLetter(byte) {
        letters += 1
      } else if byte.isDigit {
        digits += 1
      } else if byte == UInt8(ascii: "/") {
        slashes += 1
      } else if "!$%^&*+~#=".utf8.contains(byte) {
        marks += 1
      } else if !"-_.".utf8.contains(byte) {
        return false
      }
    }
    // Base64 rather than a path.
    if slashes > 0 { return value.count >= 20 && letters > 0 && digits > 0 && !value.contains(UInt8(ascii: ".")) }
    if value.count >= 12, value.last == UInt8(ascii: "="), digits > 0 { return true }
    if isPassword, letters + digits > 0 {
      if marks > 0 || letters == 0 && digits == value.count { return true }
      if letters > 0, digits > 0, letters + digits == value.count { return true }
    }
    return value.split { !isLetter($0) && !$0.isDigit }.contains { !isWord($0) }
  }

  /// Whether a value is the id of an access key of AWS, which the key itself mostly follows.
  static func isAccessKey(_ value: ArraySlice<UInt8>) -> Bool {
    value.count == 20 && ["AKIA", "ASIA"].contains { value.starts(with: $0.utf8) }
      && value.allSatisfy { isCapital($0) || $0.isDigit }
  }

  /// Whether a value has the form of the secret of such a key: 40 characters of Base64.
  static func isAWSSecret(_ value: ArraySlice<UInt8>) -> Bool {
    value.count == 40 && value.allSatisfy { isLetter($0) || $0.isDigit || "/+".utf8.contains($0) }
  }

  /// Whether a value behind `-u user -p` is a password, not a port, a priority, a process or a property.
  static func isPassword(_ value: ArraySlice<UInt8>) -> Bool {
    if value.allSatisfy(\.isDigit) { return false }
    if let equals = value.firstIndex(of: UInt8(ascii: "=")), equals > value.startIndex,
      value[..<equals].allSatisfy({ isLetter($0) || $0 == UInt8(ascii: "_") })
    {
      return false
    }
    return isRandom(value, isPassword: true)
  }

  /// Whether letters and digits are a word, a number or both: `Reader2`, `db2user`, `100mb`; not `hX7q` or `3f2a9c`.
  private static func isWord(_ part: ArraySlice<UInt8>) -> Bool {
    if part.count <= 3 || part.allSatisfy(\.isDigit) { return true }
    let begin = part.prefix(while: \.isDigit)
    if !begin.isEmpty {
      return begin.count <= 4 && part.dropFirst(begin.count).count <= 4 && isPlain(part[begin.endIndex...])
    }
    let letters = part.prefix(while: isLetter)
    let rest = part[letters.endIndex...]
    if rest.isEmpty { return letters.count <= 32 && (isPlain(letters) || isCamelCase(letters)) }
    let digits = rest.prefix(while: \.isDigit)
    return digits.count <= 5 && isPlain(letters) && isPlain(rest[digits.endIndex...])
  }

  /// Whether all are letters of the same case, apart from a capital at the beginning.
  private static func isPlain(_ letters: ArraySlice<UInt8>) -> Bool {
    letters.allSatisfy(isSmall) || letters.allSatisfy(isCapital)
      || letters.first.map(isCapital) == true && letters.dropFirst().allSatisfy(isSmall)
  }

  /// Whether capitals begin words: `parseJSONFile`, `userId`; not `hUnTq`.
  private static func isCamelCase(_ letters: ArraySlice<UInt8>) -> Bool {
    guard letters.allSatisfy(isLetter) else { return false }
    let words = letters.split(whereSeparator: isCapital)
    return words.allSatisfy { $0.count > 1 || $0.startIndex == letters.startIndex || $0.endIndex == letters.endIndex }
  }

  private static func isSmall(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
  private static func isCapital(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
