internal import CSystemIO

/// A regular expression of regcomp(3): extended, ignoring case.
package final class RegularExpression {
  private let compiled: OpaquePointer

  /// Compiles a pattern; nil where it is malformed, or the system has no regular expressions (Windows).
  package init?(_ pattern: String) {
    guard let compiled = csystemio_pattern_create(pattern) else { return nil }
    self.compiled = compiled
  }

  deinit { csystemio_pattern_destroy(compiled) }

  /// Whether it matches a part of the text.
  package func matches(_ text: String) -> Bool { csystemio_pattern_matches(compiled, text) != 0 }
}
