/// A color by meaning; a ``Theme`` defines its appearance.
package struct Color: Hashable {
  package let number: UInt8

  init(_ number: UInt8) {
    self.number = number
  }

  /// The terminal's own color.
  static let standard = Color(0)
  /// Labels and units beside values.
  static let muted = Color(1)
  /// Background elements: tracks of bars, stale values.
  static let faint = Color(2)
  /// Borders of panels, and of the focused one.
  static let border = Color(3)
  static let focus = Color(4)
  /// Names of panels.
  static let title = Color(5)
  /// Keys in the help.
  static let key = Color(6)
  /// Ratings of a value: good, warning, critical.
  static let good = Color(7)
  static let warning = Color(8)
  static let critical = Color(9)
  /// CPU time in user mode, in the kernel, waiting for I/O, taken by the hypervisor.
  static let user = Color(10)
  static let system = Color(11)
  static let iowait = Color(12)
  static let steal = Color(13)
  /// Memory in use, in caches, in swap.
  static let memory = Color(14)
  static let cache = Color(15)
  static let swap = Color(16)
  static let gpu = Color(17)
  static let vram = Color(18)
  static let pressure = Color(19)
  /// The time cursor, and the selected row.
  static let cursor = Color(20)
  static let selection = Color(21)

  static let meanings = 22

  /// Color gradients: shades of one hue, and one from calm to alarming for storage that must not become full.
  enum Gradient: UInt8, CaseIterable {
    case load, gpu, memory, read, write, fullness

    static let steps = 10

    /// Returns the color of a share, 0…1.
    func color(_ ratio: Double) -> Color {
      color(step: ratio > 0 ? Int(min(9, ratio * 10)) : 0)
    }

    func color(step: Int) -> Color {
      Color(UInt8(Color.meanings + Int(rawValue) * Self.steps + step))
    }
  }

  static let count = meanings + Gradient.allCases.count * Gradient.steps

  /// Returns the color of a used share, 0…1.
  static func load(_ ratio: Double) -> Color { Gradient.load.color(ratio) }

  /// Returns the color of a share of something that must not become full, 0…1.
  static func fullness(_ ratio: Double) -> Color { Gradient.fullness.color(ratio) }
}

/// Appearance of a cell.
package struct Style: Hashable {
  package var foreground = Color.standard
  package var background = Color.standard
  package var attributes: Attributes = []

  /// Attributes of every terminal, with or without colors.
  package struct Attributes: OptionSet, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    package static let bold = Attributes(rawValue: 1)
    package static let reverse = Attributes(rawValue: 2)
    package static let dim = Attributes(rawValue: 4)
    static let underline = Attributes(rawValue: 8)
  }

  static let plain = Style()
  static let bold = Style(attributes: .bold)
  static let muted = Style(foreground: .muted)
  static let faint = Style(foreground: .faint, attributes: .dim)
  static let border = Style(foreground: .border, attributes: .dim)
  /// Old values.
  static let stale = Style(foreground: .muted, attributes: .dim)
  static let title = Style(foreground: .title, attributes: .bold)
  static let focus = Style(foreground: .focus, attributes: .bold)
  static let key = Style(foreground: .key, attributes: .bold)
  static let warning = Style(foreground: .warning, attributes: .bold)
  static let critical = Style(foreground: .critical, attributes: .bold)
  static let reverse = Style(attributes: .reverse)
  static let selection = Style(foreground: .selection, attributes: [.bold, .reverse])

  /// Whether it is visible on a blank.
  var isVisibleOnBlank: Bool {
    background != .standard || !attributes.isDisjoint(with: [.reverse, .underline])
  }

  init(foreground: Color = .standard, background: Color = .standard, attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  init(_ foreground: Color, _ attributes: Attributes = []) {
    self.init(foreground: foreground, attributes: attributes)
  }

  /// Style of a used share; bold where it is high, so that it stands out without colors, too.
  static func load(_ ratio: Double) -> Style {
    Style(.load(ratio), ratio >= 0.9 ? .bold : [])
  }

  /// Style of a share of something that must not become full; bold where it is alarming.
  static func fullness(_ ratio: Double) -> Style {
    Style(.fullness(ratio), ratio >= 0.9 ? .bold : [])
  }

  /// Style of a temperature from a sensor without thresholds.
  static func temperature(_ celsius: Double) -> Style {
    celsius >= 90 ? .critical : celsius >= 80 ? .warning : .plain
  }
}
