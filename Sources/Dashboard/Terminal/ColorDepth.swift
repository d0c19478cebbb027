/// Number of colors sent to a terminal.
package enum ColorDepth: String, CaseIterable {
  /// No colors: bold, dim and reverse only.
  case mono
  /// The eight of ECMA-48, and with `has16` their bright ones.
  case ansi = "16"
  /// The xterm palette.
  case palette = "256"
  /// 24-bit colors.
  case truecolor
}

/// Abilities of a terminal, derived from its type and the environment before any output.
package struct TerminalTraits: Equatable {
  /// Colors sent to it.
  package var depth: ColorDepth
  /// Whether it has colors 8…15.
  package var has16: Bool
  /// Whether it supports synchronized output (private mode 2026).
  var synchronizes: Bool
  /// Whether it has a title that can be set (OSC 2) and saved (XTWINOPS 22 and 23).
  package var hasTitle: Bool

  /// Derives the abilities.
  ///
  /// - Parameters:
  ///   - type: TERM.
  ///   - colors: number of colors by terminfo; 0 without any.
  ///   - environment: COLORTERM, TERM_PROGRAM, TMUX, NO_COLOR and so on.
  ///   - wanted: the user's choice, which overrides the detection; nil for "auto".
  package init(type: String, colors: Int, environment: (String) -> String?, wanted: ColorDepth? = nil) {
    func variable(_ name: String) -> String { environment(name) ?? "" }
    let program = variable("TERM_PROGRAM")
    let isScreen = type.hasPrefix("screen")
    var depth: ColorDepth = colors < 8 ? .mono : colors < 256 ? .ansi : .palette
    if type.hasSuffix("-direct") { depth = .truecolor }
    let claimed = variable("COLORTERM")
    if claimed == "truecolor" || claimed == "24bit", depth == .palette {
      // GNU screen misreads the three numbers as attributes; Terminal.app has 256 colors and inherits the variable.
      if !isScreen, program != "Apple_Terminal" { depth = .truecolor }
    }
    // Types that claim less than their terminals support.
    let isModern = ["kitty", "ghostty", "foot", "alacritty", "wezterm"].contains { type.contains($0) }
    if depth == .palette, isModern { depth = .truecolor }
    if let wanted { depth = wanted }
    // <https://no-color.org>: any value but the empty one; the user's choice here overrides it.
    if wanted == nil, !variable("NO_COLOR").isEmpty { depth = .mono }
    self.depth = depth
    has16 = colors >= 16 || depth == .palette || depth == .truecolor
    synchronizes =
      isModern || ["WezTerm", "iTerm.app", "ghostty", "contour", "mintty"].contains(program)
      || !variable("KITTY_WINDOW_ID").isEmpty || !variable("WT_SESSION").isEmpty
    // Some other terminals print unknown sequences.
    hasTitle =
      isModern
      || ["xterm", "tmux", "konsole", "gnome", "vte", "mintty", "contour", "st-", "rxvt"]
        .contains { type.hasPrefix($0) }
    // A multiplexer in between passes no private modes on.
    if isScreen || type.hasPrefix("tmux") { synchronizes = false }
  }
}
