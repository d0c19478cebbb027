/// A colour by what it means; the terminal gives it the nearest that it has.
///
/// The palette is calm and of middle brightness, so that it can be read on dark and on light backgrounds: the ordinary
/// text keeps the terminal's own colours.
enum Color: UInt8, CaseIterable {
  /// The terminal's own.
  case standard
  /// Labels and units beside figures.
  case muted
  /// What is hardly there: borders, tracks of bars, stale figures.
  case faint
  /// Names of panels.
  case title
  /// Keys in the help.
  case key
  /// Good, worth a look, bad.
  case good, warning, critical
  /// Time in user mode, in the kernel, waiting for I/O, taken by the hypervisor; interrupts; low priority.
  case user, system, iowait, steal, interrupt, nice
  /// Memory in use, in caches, in swap.
  case memory, cache, swap
  case gpu, vram
  /// Reading and receiving; writing and sending.
  case read, write
  case receive, transmit
  case pressure
  /// Load from none (0) to all (9).
  case load0, load1, load2, load3, load4, load5, load6, load7, load8, load9

  /// The colour of a share, 0…1.
  static func load(_ ratio: Double) -> Color {
    guard ratio > 0 else { return .load0 }
    let step = UInt8(min(9, ratio * 10))
    return Color(rawValue: Color.load0.rawValue + step) ?? .load9
  }

  /// Its number among xterm's 256; nil for the terminal's own.
  var indexOf256: Int? { Color.palette[Int(rawValue)].of256 }

  /// Its number among the 16 of ECMA-48 and aixterm; nil for the terminal's own.
  var indexOf16: Int? { Color.palette[Int(rawValue)].of16 }

  private static let palette: [(of256: Int?, of16: Int?)] = allCases.map { color in
    switch color {
    case .standard: (nil, nil)
    case .muted: (245, nil)
    case .faint: (242, 8)
    case .title: (110, 6)
    case .key: (110, 6)
    case .good: (71, 2)
    case .warning: (179, 3)
    case .critical: (203, 1)
    case .user: (72, 2)
    case .system: (173, 3)
    case .iowait: (68, 4)
    case .steal: (167, 1)
    case .interrupt: (139, 5)
    case .nice: (66, 6)
    case .memory: (108, 2)
    case .cache: (66, 6)
    case .swap: (173, 3)
    case .gpu: (140, 5)
    case .vram: (103, 4)
    case .read: (74, 6)
    case .write: (175, 5)
    case .receive: (74, 6)
    case .transmit: (175, 5)
    case .pressure: (179, 3)
    case .load0: (66, 6)
    case .load1: (72, 6)
    case .load2: (72, 2)
    case .load3: (71, 2)
    case .load4: (107, 2)
    case .load5: (143, 3)
    case .load6: (179, 3)
    case .load7: (173, 3)
    case .load8: (167, 1)
    case .load9: (203, 1)
    }
  }
}

/// How a cell looks.
struct Style: Equatable {
  var foreground = Color.standard
  var background = Color.standard
  var attributes: Attributes = []

  /// What every terminal has, colours or not.
  struct Attributes: OptionSet {
    let rawValue: UInt8
    static let bold = Attributes(rawValue: 1)
    static let reverse = Attributes(rawValue: 2)
    static let dim = Attributes(rawValue: 4)
  }

  static let plain = Style()
  static let bold = Style(attributes: .bold)
  static let muted = Style(foreground: .muted)
  static let faint = Style(foreground: .faint, attributes: .dim)
  /// Figures that are old.
  static let stale = Style(foreground: .muted, attributes: .dim)
  static let title = Style(foreground: .title, attributes: .bold)
  static let key = Style(foreground: .key, attributes: .bold)
  static let warning = Style(foreground: .warning, attributes: .bold)
  static let critical = Style(foreground: .critical, attributes: .bold)
  static let reverse = Style(attributes: .reverse)

  init(foreground: Color = .standard, background: Color = .standard, attributes: Attributes = []) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }

  init(_ foreground: Color, _ attributes: Attributes = []) {
    self.init(foreground: foreground, attributes: attributes)
  }

  /// A share's own colour; bold where it is alarming, so that it stands out without colours too.
  static func load(_ ratio: Double) -> Style {
    Style(.load(ratio), ratio >= 0.9 ? .bold : [])
  }
}
