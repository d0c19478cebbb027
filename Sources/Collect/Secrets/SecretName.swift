internal import SystemIO

/// Whether a name in a command line stands for a secret: of an option, a variable, a header or a member.
enum SecretName {
  enum Kind {
    case secret
    /// A secret, or the path of a file that holds it.
    case secretOrFile
    /// A secret if the value looks random: `--key`, `--pat`.
    case secretIfRandom
    /// A secret if the value is `user:password`: `--api-auth`.
    case secretIfPair
    /// A secret of at least four letters and digits: `--pin 4938`, but not `--pin 0-3` of CPUs.
    case code
    /// A command that prints a secret, which is shown unless it has the secret itself: `--password-command "echo x"`.
    case command
  }

  /// Classifies a name; nil where its value is no secret.
  ///
  /// - Parameter isFlagPossible: whether it may stand for an option without a value.
  static func kind(of name: ArraySlice<UInt8>, isFlagPossible: Bool = false) -> Kind? {
    guard name.count > 1, SecretTrigrams.shared.occur(in: name.suffix(128)) else { return nil }
    // Long names have their meaning at the end: `a.b.c.password`.
    var words = words(of: name.suffix(128))
    // `TOKEN_2`, `X-Hub-Signature-256`.
    while words.count > 1, words.last?.utf8.allSatisfy(\.isDigit) == true { words.removeLast() }
    guard var last = words.last, !words.contains("stdin") else { return nil }
    let whole = words.joined()
    if SecretList.commandEndings.contains(where: { last.hasSuffix($0) }) {
      return SecretList.commandParts.contains { whole.contains($0) } ? .command : nil
    }
    if SecretList.harmlessEndings.contains(last) { return nil }
    // `TOKEN2`.
    if words.count > 1 || last.utf8.count > 1 { while last.utf8.last.map(\.isDigit) == true { last.removeLast() } }
    if SecretList.wholeNames.contains(whole) { return .secretOrFile }
    if SecretList.codeNames.contains(whole) { return .code }
    if last == "pin" || last == "puk", words.contains(where: SecretList.codeWords.contains) { return .code }
    // The name of a secret that a chart finds in the cluster.
    if zip(words, words.dropFirst()).contains(where: { $0 == "existing" && $1 == "secret" }) { return nil }
    if last == "token", words.contains(where: SecretList.weakTokens.contains) { return .secretIfRandom }
    let isNegated = SecretList.harmlessBeginnings.contains(words[0])
    let joined = Array(whole.utf8)
    let isPart = parts.contains { contains(joined, $0) }
    let isEnding =
      (SecretList.lastWords.contains(last) || SecretList.nameEndings.contains { last.hasSuffix($0) })
      && !isNegated && !words.contains(where: SecretList.harmlessWords.contains)
    guard isEnding || isPart && !(isNegated && isFlagPossible) else {
      if last == "auth", !isNegated { return .secretIfPair }
      let isWeak = SecretList.weakWords.contains(last) && !words.contains(where: SecretList.publicWords.contains)
      return isWeak && !isNegated ? .secretIfRandom : nil
    }
    let isFile = !last.hasSuffix("token") && fileParts.contains { contains(joined, $0) }
    return isFile ? .secretOrFile : .secret
  }

  /// The words of a name in lower case; a word ends at a separator, or before a capital after a small letter.
  private static func words(of name: ArraySlice<UInt8>) -> [String] {
    var words: [String] = []
    var word: [UInt8] = []
    var isSmall = false
    for byte in name {
      let isCapital = (0x41...0x5A).contains(byte)
      let isLetterOrDigit = isCapital || (0x61...0x7A).contains(byte) || byte.isDigit
      if !isLetterOrDigit || isCapital && isSmall, !word.isEmpty {
        words.append(String(decoding: word, as: UTF8.self))
        word = []
      }
      if isLetterOrDigit { word.append(isCapital ? byte | 0x20 : byte) }
      isSmall = (0x61...0x7A).contains(byte)
    }
    if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
    return words
  }

  private static let parts = SecretList.nameParts.map { Array($0.utf8) }
  private static let fileParts = SecretList.fileParts.map { Array($0.utf8) }

  private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count else { return false }
    for start in 0...(text.count - part.count) where text[start] == part[0] {
      if text[start..<start + part.count].elementsEqual(part) { return true }
    }
    return false
  }

  /// Whether a name is a password's, whose value may be a word.
  static func isPassword(_ name: ArraySlice<UInt8>) -> Bool {
    let name = lowerCase(name.suffix(128))
    return ["pass", "pw", "psk"].contains { name.contains($0) }
  }

  /// Whether a value cannot be a secret of this kind.
  static func isHarmless(_ value: ArraySlice<UInt8>, _ kind: Kind) -> Bool {
    if value.isEmpty || value.count <= 9 && SecretList.harmlessValues.contains(lowerCase(value)) { return true }
    // The pass of an encoder: `-pass 1`.
    if value.count == 1, value.first.map(\.isDigit) == true { return true }
    switch kind {
    case .secret, .command: return false
    case .code: return value.count < 4 || !value.allSatisfy { $0.isNameByte && !"-_.".utf8.contains($0) }
    case .secretIfPair:
      guard let colon = value.firstIndex(of: UInt8(ascii: ":")) else { return true }
      return colon == value.startIndex || value[(colon + 1)...].allSatisfy(\.isDigit)
    case .secretIfRandom where !SecretShape.isRandom(value): return true
    case .secretOrFile, .secretIfRandom: return isFile(value)
    }
  }

  private static func isFile(_ value: ArraySlice<UInt8>) -> Bool {
    ["/", "./", "../", "~/", "@", "file:", "$HOME/", "id="].contains { value.starts(with: $0.utf8) }
      || [".pem", ".key", ".json", ".crt"].contains { value.suffix($0.utf8.count).elementsEqual($0.utf8) }
  }

  static func lowerCase(_ text: ArraySlice<UInt8>) -> String {
    String(decoding: text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
