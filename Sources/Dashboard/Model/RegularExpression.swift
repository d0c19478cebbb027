internal import SystemIO

/// A regular expression of regcomp(3): extended, without case.
final class RegularExpression {
  #if canImport(ucrt)
    private let text: String

    init?(_ pattern: String) {
      text = pattern.lowercased()
    }

    /// Windows' C library has none: then its text is looked for.
    func matches(_ subject: String) -> Bool { subject.lowercased().contains(text) }
  #else
    private var compiled = regex_t()

    /// Compiles it; nil where it is none.
    init?(_ pattern: String) {
      guard regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0 else { return nil }
    }

    deinit { regfree(&compiled) }

    /// Whether it is found in a text.
    func matches(_ subject: String) -> Bool { regexec(&compiled, subject, 0, nil, 0) == 0 }
  #endif
}
