internal import AgentMetrics

extension GPU {
  /// What is wrong with a GPU: a letter for each kind, as on the time axis, and words.
  struct Trouble {
    var marks: String
    var text: String
    var style: Style
  }

  /// Its faults and throttling; nil for one that is well, asleep or lost.
  func trouble(_ glyphs: Glyphs) -> Trouble? {
    guard state == .active else { return nil }
    var (marks, texts, style) = ("", [String](), Style.critical)
    if xid > 0 {
      marks += "X"
      texts.append("Xid " + String(TextFormat.whole(xid)))
    }
    if eccUncorrected > 0 {
      marks += "E"
      texts.append(TextFormat.count(eccUncorrected, glyphs) + " ECC")
    }
    if let recoveryAction {
      marks += "R"
      texts.append("needs " + recoveryAction)
    }
    if let reasons = throttleReasons, !reasons.isEmpty {
      if texts.isEmpty { style = .warning }
      marks += "T"
      texts.append(GPU.throttleText(reasons))
    }
    return texts.isEmpty ? nil : Trouble(marks: marks, text: texts.joined(separator: glyphs.separator), style: style)
  }

  /// Reasons of throttling as words, `power cap, thermal`.
  static func throttleText(_ reasons: String) -> String {
    String(reasons.map { $0 == "_" ? " " : $0 })
  }
}

extension GPU.GPUState {
  /// Stands where there is no room for a word; the help explains it.
  var sign: String {
    switch self {
    case .active: ""
    case .asleep: "z"
    case .lost: "!"
    }
  }
}
