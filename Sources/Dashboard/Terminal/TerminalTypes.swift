/// Substitutes for terminal types (TERM) that terminfo does not know.
package enum TerminalTypes {
  /// The type itself, then types whose sequences it probably understands, the most similar first.
  package static func substitutes(for type: String) -> [String] {
    let name = type.lowercased()
    func begins(_ prefixes: String...) -> Bool { prefixes.contains { name.hasPrefix($0) } }
    var names = [type]
    if begins("screen", "tmux") {
      names += ["screen-256color", "screen"]
    } else if begins("linux") {
      names.append("linux")
    } else if begins("vt1", "vt2", "vt3", "vt4", "vt5"), !begins("vt52", "vt50") {
      // DEC's terminals have no colors.
      names += ["vt220", "vt100"]
    }
    if name.hasSuffix("-mono") || name.hasSuffix("-m") { names += ["xterm-mono", "vt220", "vt100"] }
    return names + ["xterm-256color", "xterm"]
  }

  /// Whether a type unknown to terminfo probably has no cursor addressing: it is not a terminal, or not one of ECMA-48.
  package static func onlyPrintsLines(_ type: String) -> Bool {
    let name = type.lowercased()
    if ["", "dumb", "unknown", "network", "dialup", "lpr", "printer", "emacs"].contains(name) { return true }
    // Terminals with other sequences, by the prefixes of their entries.
    let families = [
      "dumb-", "vt50", "vt52", "wy", "tvi", "televideo", "adm", "hp2", "hp7", "h19", "z19", "hazel", "hz1", "ibm3",
      "d2",
      "viewpoint", "regent", "qume", "tek4", "teletype", "tty33", "tty43",
    ]
    return families.contains { name.hasPrefix($0) }
  }
}
