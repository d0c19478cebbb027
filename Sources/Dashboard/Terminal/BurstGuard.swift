/// Distinguishes pasted text from typed keys by its speed, on terminals without bracketed paste.
///
/// Keys are commands here: one pasted line would change settings, end the program and pass the rest to the shell.
package struct BurstGuard {
  /// Minimum characters of a paste, in one read or less than ``gap`` apart.
  static let pasteLength = 4
  /// Seconds between two characters below which they belong together.
  ///
  /// A 4800-baud line takes 2 ms per character; a held key repeats every 15 to 30 ms, a script takes 5 ms per key.
  static let gap = 0.003

  private var last = -Double.infinity
  private var count = 0
  private var first: Unicode.Scalar?
  /// Whether all characters of the run are equal, as of a held key.
  private var isUniform = true
  private var isPaste = false

  package init() {}

  /// Classifies the events of one read(2): keys of a paste become one event, keys of a shorter run bursts.
  ///
  /// - Parameters:
  ///   - now: monotonic time of the read.
  ///   - waited: seconds that the reader waited; a paste continues in input that was already available.
  package mutating func events(_ events: [TerminalEvent], at now: Double, waited: Double) -> [TerminalEvent] {
    let texts = events.compactMap { event in if case .key(let key) = event { key.text } else { nil } }
    guard !texts.isEmpty else { return events }
    if now - last >= Self.gap, !(isPaste && waited < Self.gap) {
      (count, first, isUniform, isPaste) = (0, nil, true, false)
    }
    last = now
    count += texts.count
    let reference = first ?? texts[0]
    first = reference
    if texts.contains(where: { $0 != reference }) { isUniform = false }
    if texts.count >= Self.pasteLength || count >= Self.pasteLength && !isUniform { isPaste = true }
    if isPaste {
      var text = String.UnicodeScalarView()
      for scalar in texts { text.append(scalar) }
      // Other keys in a paste are escape sequences within it.
      let others = events.filter { if case .key = $0 { false } else { true } }
      return others + [.paste(Paste(text: String(text), isBracketed: false))]
    }
    guard count > 1, !isUniform else { return events }
    return events.map { event in
      if case .key(let key) = event, key.text != nil { .burst(key) } else { event }
    }
  }
}
