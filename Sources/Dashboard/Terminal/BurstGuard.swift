/// Tells pasted text from typed keys on terminals without bracketed paste, by its speed.
///
/// Keys are commands here: one pasted line would change settings, end the program and leave the rest to the shell.
struct BurstGuard {
  /// So many characters in one read, or one after the other in less than ``gap``, are a paste.
  static let pasteLength = 4
  /// Seconds between two characters below which they belong together.
  ///
  /// A line of 4800 baud takes 2 ms for a character; a held key repeats every 15 to 30 ms, a script takes 5 ms for a key.
  static let gap = 0.003

  private var last = -Double.infinity
  private var count = 0
  private var first: Unicode.Scalar?
  /// Whether all characters of the run are the same, as of a held key.
  private var isUniform = true
  private var isPaste = false

  /// Marks what one read(2) has brought: keys of a paste become one event, keys of a shorter run bursts.
  ///
  /// - Parameters:
  ///   - now: monotonic time of the read.
  ///   - waited: seconds that the reader waited for it; a paste goes on in what was there already.
  mutating func events(_ events: [TerminalEvent], at now: Double, waited: Double) -> [TerminalEvent] {
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
      // Other keys in a paste are sequences that it contains.
      let others = events.filter { if case .key = $0 { false } else { true } }
      return others + [.paste(Paste(text: String(text), isBracketed: false))]
    }
    guard count > 1, !isUniform else { return events }
    return events.map { event in
      if case .key(let key) = event, key.text != nil { .burst(key) } else { event }
    }
  }
}
