import SampleStore
import Testing

@testable import Dashboard

/// Encoded frames produce the expected screen on an emulated terminal.
@Suite struct FrameEncoderTests {
  private static let traits: [(ColorDepth, colors: Int)] = [
    (.mono, 0), (.ansi, 8), (.ansi, 16), (.palette, 256), (.truecolor, 256),
  ]

  private func traits(_ depth: ColorDepth, _ colors: Int) -> TerminalTraits {
    TerminalTraits(type: "xterm", colors: colors, environment: { _ in nil }, wanted: depth)
  }

  /// Returns the expected appearance of a style.
  private func rendition(_ style: Style, _ traits: TerminalTraits, _ theme: Theme) -> EmulatedTerminal.Rendition {
    var rendition = EmulatedTerminal.Rendition()
    if style.attributes.contains(.bold) { rendition.attributes.insert(1) }
    if style.attributes.contains(.dim), traits.depth == .mono || !traits.has16 { rendition.attributes.insert(2) }
    if style.attributes.contains(.underline) { rendition.attributes.insert(4) }
    if style.attributes.contains(.reverse) { rendition.attributes.insert(7) }
    guard let entry = theme[style.foreground] else { return rendition }
    switch traits.depth {
    case .mono: break
    case .ansi where traits.has16:
      rendition.foreground = String(entry.of16 < 8 ? 30 + Int(entry.of16) : 82 + Int(entry.of16))
    case .ansi: rendition.foreground = entry.of16 == 8 ? "39" : String(30 + Int(entry.of16 & 7))
    case .palette: rendition.foreground = "38;5;\(entry.of256)"
    case .truecolor:
      rendition.foreground = "38;2;\(entry.rgb >> 16 & 255);\(entry.rgb >> 8 & 255);\(entry.rgb & 255)"
    }
    return rendition
  }

  private func check(
    _ terminal: EmulatedTerminal, shows grid: Grid, _ traits: TerminalTraits, _ theme: Theme, _ comment: Comment
  ) {
    #expect(terminal.faults.isEmpty && !terminal.isHeld, comment)
    var wrong = 0
    for y in 0..<grid.height {
      for x in 0..<grid.width {
        let cell = grid[x, y]
        let shown = terminal[x, y]
        if cell.scalar == Cell.tail {
          if !shown.text.isEmpty { wrong += 1 }
          continue
        }
        var text = ""
        for scalar in [cell.scalar, cell.mark1, cell.mark2] where scalar != 0 {
          if let scalar = Unicode.Scalar(scalar) { text.unicodeScalars.append(scalar) }
        }
        if shown.text != text { wrong += 1 }
        // The color of a blank is invisible.
        let wanted = rendition(cell.style, traits, theme)
        if cell.looksBlank {
          if shown.rendition.attributes.contains(7) || shown.rendition.background != "49" { wrong += 1 }
        } else if shown.rendition != wanted {
          wrong += 1
        }
      }
    }
    #expect(wrong == 0, comment)
  }

  @Test(arguments: ScreenGoldens.scenes) func everySceneInEveryDepth(_ frameContext: String) {
    var input = ScreenGoldens.input(frameContext)
    for theme in [Theme.calm, .light] {
      for (depth, colors) in FrameEncoderTests.traits where theme == .calm || depth == .truecolor {
        let traits = traits(depth, colors)
        var encoder = FrameEncoder(traits: traits, theme: theme)
        for size in ScreenGoldens.sizes {
          var terminal = EmulatedTerminal(size)
          var shown: Grid?
          input.size = size
          input.glyphs = Glyphs(.braille, isMono: depth == .mono)
          // A whole frame, then the differences to the help over it and back.
          for overlay in [nil, ScreenState.Overlay.help(scroll: 0), nil] {
            input.state.overlay = overlay
            let grid = Screen(input).draw().grid
            terminal.take(encoder.encode(from: shown, to: grid))
            check(terminal, shows: grid, traits, theme, "\(frameContext) \(size) \(depth) \(theme.name)")
            shown = grid
          }
        }
      }
    }
  }

  @Test(arguments: 0..<20) func anyDifference(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    let size = Size(width: 30, height: 8)
    let texts = ["abc", "日本語", "e\u{301}x", "━━━", "   ", "⣿⣿", "é", "🙂"]
    let traits = traits(.palette, 256)
    var encoder = FrameEncoder(traits: traits, theme: .calm)
    var terminal = EmulatedTerminal(size)
    var grid = Grid(size)
    var shown: Grid?
    for _ in 0..<60 {
      for _ in 0..<random.next() % 6 {
        let style = Style(
          foreground: [.standard, .muted, .gpu, .warning][Int(random.next() % 4)],
          attributes: Style.Attributes(rawValue: UInt8(random.next() % 16)))
        grid.put(
          texts[Int(random.next() % UInt64(texts.count))], x: Int(random.next() % 32) - 1, y: Int(random.next() % 8),
          style)
        if random.next() % 5 == 0 { grid.clear(Rect(x: Int(random.next() % 30), y: 2, width: 20, height: 3)) }
      }
      let bytes = encoder.encode(from: shown, to: grid)
      terminal.take(bytes)
      check(terminal, shows: grid, traits, .calm, "seed \(seed)")
      shown = grid
      #expect(encoder.encode(from: grid, to: grid).isEmpty)
    }
  }

  @Test func littleIsSentForLittle() {
    var encoder = FrameEncoder(traits: traits(.palette, 256), theme: .calm)
    let old = Grid(Size(width: 120, height: 40))
    var new = old
    new.put("7", x: 100, y: 20)
    #expect(encoder.encode(from: old, to: new) == Array("\u{1B}[21;101H\u{1B}[m7".utf8))
    new = old
    new.put("12:00:01", x: 0, y: 0)
    #expect(encoder.encode(from: old, to: new).count <= 16)
    // Blanking a row costs three bytes and the cursor movement.
    var full = old
    full.fill("x", x: 0, y: 5, count: 120)
    #expect(encoder.encode(from: full, to: old).count <= 12)
  }

  @Test func aLargeFrameIsHeldBackWhereTheTerminalCan() {
    var traits = traits(.palette, 256)
    traits.synchronizes = true
    var encoder = FrameEncoder(traits: traits, theme: .calm)
    var grid = Grid(Size(width: 80, height: 24))
    for y in 0..<24 { grid.fill("x", x: 0, y: y, count: 80) }
    let whole = String(decoding: encoder.encode(from: nil, to: grid), as: UTF8.self)
    #expect(whole.hasPrefix("\u{1B}[?2026h") && whole.hasSuffix("\u{1B}[?2026l"))
    var other = grid
    other.put("y", x: 3, y: 3)
    #expect(!String(decoding: encoder.encode(from: grid, to: other), as: UTF8.self).contains("2026"))
  }

  // MARK: Terminal traits

  private static let negotiations: [(type: String, colors: Int, [String: String], ColorDepth?, ColorDepth)] = [
    ("xterm-256color", 256, [:], nil, .palette), ("xterm-256color", 256, ["COLORTERM": "truecolor"], nil, .truecolor),
    ("xterm-256color", 256, ["COLORTERM": "24bit"], nil, .truecolor),
    ("xterm-256color", 256, ["COLORTERM": "truecolor", "TERM_PROGRAM": "Apple_Terminal"], nil, .palette),
    ("xterm", 8, ["COLORTERM": "yes"], nil, .ansi), ("linux", 8, [:], nil, .ansi), ("vt100", 0, [:], nil, .mono),
    ("screen-256color", 256, ["COLORTERM": "truecolor"], nil, .palette), ("screen", 8, [:], nil, .ansi),
    ("tmux-256color", 256, ["COLORTERM": "truecolor", "TMUX": "/tmp/x,1,0"], nil, .truecolor),
    ("tmux-256color", 256, ["TMUX": "/tmp/x,1,0"], nil, .palette), ("xterm-kitty", 256, [:], nil, .truecolor),
    ("xterm-256color", 256, ["NO_COLOR": "1", "COLORTERM": "truecolor"], nil, .mono),
    ("xterm-256color", 256, ["NO_COLOR": ""], nil, .palette),
    ("xterm-256color", 256, ["NO_COLOR": "1"], .ansi, .ansi), ("vt100", 0, [:], .truecolor, .truecolor),
  ]

  @Test(arguments: negotiations) func coloursAreNegotiated(
    _ type: String, _ colors: Int, _ environment: [String: String], _ wanted: ColorDepth?, _ depth: ColorDepth
  ) {
    let traits = TerminalTraits(type: type, colors: colors, environment: { environment[$0] }, wanted: wanted)
    #expect(traits.depth == depth)
  }

  @Test func synchronizedOutputWhereItIsKnown() {
    func synchronizes(_ type: String, _ environment: [String: String] = [:]) -> Bool {
      TerminalTraits(type: type, colors: 256, environment: { environment[$0] }).synchronizes
    }
    #expect(synchronizes("xterm-kitty") && synchronizes("foot") && synchronizes("xterm-256color", ["WT_SESSION": "x"]))
    #expect(!synchronizes("xterm-256color") && !synchronizes("tmux-256color", ["KITTY_WINDOW_ID": "1"]))
  }

  // MARK: Themes

  @Test(arguments: Theme.all.map(\.name)) func themesAreWhole(_ name: String) throws {
    let theme = try #require(Theme.named(name))
    for number in 1..<Color.count { #expect(theme[Color(UInt8(number))] != nil, "\(number)") }
    for gradient in Color.Gradient.allCases {
      #expect(gradient.color(step: 3) == gradient.color(0.31))
      #expect(gradient.color(.nan) == gradient.color(0) && gradient.color(99) == gradient.color(1))
    }
    #expect(theme[.standard] == nil)
  }

  @Test func nearestOfXtermsColours() {
    #expect(Theme.nearest(0xFF5F5F) == 203 && Theme.nearest(0x8A8A8A) == 245 && Theme.nearest(0) == 16)
    #expect(Theme.nearest(0xFFFFFF) == 231 && Theme.nearest(0x87AFD7) == 110)
  }

  @Test("Red is for trouble: a used share has shades of one hue")
  func useIsNeverRed() throws {
    for theme in Theme.all {
      for step in 0..<Color.Gradient.steps {
        let rgb = try #require(theme[Color.Gradient.load.color(step: step)]).rgb
        #expect(rgb >> 16 & 255 <= max(rgb >> 8 & 255, rgb & 255), "\(theme.name): \(rgb)")
      }
    }
  }

  /// In the theme for red-green color blindness, calm and alarming differ in blue and in brightness.
  @Test func calmAndAlarmingDifferWithoutRedAndGreen() throws {
    let theme = Theme.colorblind
    let calm = try #require(theme[.fullness(0)]).rgb
    let alarming = try #require(theme[.fullness(1)]).rgb
    func luminance(_ rgb: UInt32) -> Double {
      0.21 * Double(rgb >> 16 & 255) + 0.72 * Double(rgb >> 8 & 255) + 0.07 * Double(rgb & 255)
    }
    #expect(luminance(alarming) > luminance(calm) * 1.5)
    #expect(Int(calm & 255) - Int(alarming & 255) > 80)
  }
}
