internal import AgentMetrics

extension GPU {
  /// The problems of a GPU: a letter per kind, as on the time axis, and words.
  struct Trouble {
    var marks: String
    var text: String
    var style: Style
  }

  /// Faults and throttling; nil for a healthy, sleeping or lost GPU.
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

  /// Throttle reasons as words, `power cap, thermal`.
  static func throttleText(_ reasons: String) -> String {
    String(reasons.map { $0 == "_" ? " " : $0 })
  }
}

extension GPU.GPUState {
  /// Sign for places too narrow for a word; the help explains it.
  var sign: String {
    switch self {
    case .active: ""
    case .asleep: "z"
    case .lost: "!"
    }
  }
}
