internal import SystemIO

/// A regular expression of regcomp(3): extended, ignoring case.
final class RegularExpression {
  #if canImport(ucrt)
    private let text: String

    init?(_ pattern: String) {
      text = pattern.lowercased()
    }

    /// The C library of Windows has no regular expressions; the text is searched instead.
    func matches(_ subject: String) -> Bool { subject.lowercased().contains(text) }
  #else
    private var compiled = regex_t()

    /// Compiles a pattern; nil where it is malformed.
    init?(_ pattern: String) {
      guard regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0 else { return nil }
    }

    deinit { regfree(&compiled) }

    /// Whether it matches a part of the text.
    func matches(_ subject: String) -> Bool { regexec(&compiled, subject, 0, nil, 0) == 0 }
  #endif
}
