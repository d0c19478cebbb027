/// How many colours a terminal is given.
enum ColorDepth: String, CaseIterable {
  /// None: bold, dim and reverse only.
  case mono
  /// The eight of ECMA-48, and where `has16` says so their bright ones.
  case ansi = "16"
  /// xterm's palette.
  case palette = "256"
  /// 24 bits.
  case truecolor
}

/// What is known of a terminal before anything is sent to it, from its type and the environment.
struct TerminalTraits: Equatable {
  /// The colours it is given.
  var depth: ColorDepth
  /// Whether colours 8…15 are there.
  var has16: Bool
  /// Whether it holds a picture back until it is whole (private mode 2026).
  var synchronizes: Bool
  /// Whether it has a title that can be set (OSC 2) and put away (XTWINOPS 22 and 23).
  var hasTitle: Bool

  /// Looks a terminal up.
  ///
  /// - Parameters:
  ///   - type: TERM.
  ///   - colors: what terminfo gives that type; 0 where it has none.
  ///   - environment: COLORTERM, TERM_PROGRAM, TMUX, NO_COLOR and so on.
  ///   - wanted: what its user asks for, instead of what is found; nil for "auto".
  init(type: String, colors: Int, environment: (String) -> String?, wanted: ColorDepth? = nil) {
    func variable(_ name: String) -> String { environment(name) ?? "" }
    let program = variable("TERM_PROGRAM")
    let isScreen = type.hasPrefix("screen")
    var depth: ColorDepth = colors < 8 ? .mono : colors < 256 ? .ansi : .palette
    if type.hasSuffix("-direct") { depth = .truecolor }
    let claimed = variable("COLORTERM")
    if claimed == "truecolor" || claimed == "24bit", depth == .palette {
      // GNU screen takes the three numbers for three attributes; Terminal.app knows 256 and inherits the variable.
      if !isScreen, program != "Apple_Terminal" { depth = .truecolor }
    }
    // A type that claims less than what the family can.
    let isModern = ["kitty", "ghostty", "foot", "alacritty", "wezterm"].contains { type.contains($0) }
    if depth == .palette, isModern { depth = .truecolor }
    if let wanted { depth = wanted }
    // <https://no-color.org>: not empty, whatever else it says; but what was asked for here wins.
    if wanted == nil, !variable("NO_COLOR").isEmpty { depth = .mono }
    self.depth = depth
    has16 = colors >= 16 || depth == .palette || depth == .truecolor
    synchronizes =
      isModern || ["WezTerm", "iTerm.app", "ghostty", "contour", "mintty"].contains(program)
      || !variable("KITTY_WINDOW_ID").isEmpty || !variable("WT_SESSION").isEmpty
    // Of the rest, some print what they do not know.
    hasTitle =
      isModern
      || ["xterm", "tmux", "konsole", "gnome", "vte", "mintty", "contour", "st-", "rxvt"]
        .contains { type.hasPrefix($0) }
    // A multiplexer stands between, and passes no private modes on.
    if isScreen || type.hasPrefix("tmux") { synchronizes = false }
  }
}
