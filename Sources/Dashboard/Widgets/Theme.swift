/// Appearance of the colors' meanings.
package struct Theme: Equatable {
  /// A color in 24 bits, in the xterm palette, and as one of 16.
  package struct ThemeColor: Equatable {
    let rgb: UInt32
    package let of256: UInt8
    package let of16: UInt8
  }

  let name: String
  /// Description in one line, for the settings.
  let help: String
  private let entries: [ThemeColor?]

  /// Appearance of a color; nil for the terminal's own.
  package subscript(color: Color) -> ThemeColor? {
    let index = Int(color.number)
    return index < entries.count ? entries[index] : nil
  }

  static let all = [calm, vivid, colorblind, light, grey]

  /// Returns the theme with a name, if any.
  static func named(_ name: String) -> Theme? { all.first { $0.name == name } }

  /// - Parameters:
  ///   - meanings: the colors in the order of ``Color``'s numbers from 1, each with its number among the 16.
  ///   - gradients: the stops of each gradient, from calm to alarming.
  private init(
    _ name: String, _ help: String, colors: [Color: (rgb: UInt32, of16: UInt8)],
    gradients: [Color.Gradient: (stops: [UInt32], of16: [UInt8])]
  ) {
    self.name = name
    self.help = help
    var entries = [ThemeColor?](repeating: nil, count: Color.count)
    for (color, look) in colors {
      entries[Int(color.number)] = ThemeColor(rgb: look.rgb, of256: Theme.nearest(look.rgb), of16: look.of16)
    }
    for (gradient, look) in gradients {
      for step in 0..<Color.Gradient.steps {
        let rgb = Theme.blend(look.stops, Double(step) / Double(Color.Gradient.steps - 1))
        entries[Int(gradient.color(step: step).number)] = ThemeColor(
          rgb: rgb, of256: Theme.nearest(rgb), of16: look.of16[step * look.of16.count / Color.Gradient.steps])
      }
    }
    self.entries = entries
  }

  private static func blend(_ stops: [UInt32], _ share: Double) -> UInt32 {
    guard stops.count > 1 else { return stops.first ?? 0 }
    let place = share * Double(stops.count - 1)
    let first = min(stops.count - 2, Int(place))
    let part = place - Double(first)
    var result: UInt32 = 0
    for shift: UInt32 in [16, 8, 0] {
      let a = Double(stops[first] >> shift & 0xFF)
      let b = Double(stops[first + 1] >> shift & 0xFF)
      result |= UInt32((a + (b - a) * part).rounded()) << shift
    }
    return result
  }

  /// Returns the nearest of xterm's colors 16…255; the first 16 are user-defined.
  static func nearest(_ rgb: UInt32) -> UInt8 {
    let levels = [0, 95, 135, 175, 215, 255]
    let (red, green, blue) = (Int(rgb >> 16 & 0xFF), Int(rgb >> 8 & 0xFF), Int(rgb & 0xFF))
    func distance(_ r: Int, _ g: Int, _ b: Int) -> Int {
      // Weighted by the share of each in the brightness.
      let (dr, dg, db) = (r - red, g - green, b - blue)
      return 3 * dr * dr + 6 * dg * dg + db * db
    }
    func level(_ value: Int) -> Int {
      levels.indices.min { abs(levels[$0] - value) < abs(levels[$1] - value) } ?? 0
    }
    let (r, g, b) = (level(red), level(green), level(blue))
    let cube = distance(levels[r], levels[g], levels[b])
    let step = min(23, max(0, ((red + green + blue) / 3 - 3) / 10))
    let grey = 8 + 10 * step
    return distance(grey, grey, grey) < cube ? UInt8(232 + step) : UInt8(16 + 36 * r + 6 * g + b)
  }

  /// Of medium brightness: readable on dark and on light backgrounds; without the dark blue of the 16, which is
  /// neither.
  package static let calm = Theme(
    "calm", "quiet colors for dark and light backgrounds",
    colors: [
      .muted: (0x8A8A8A, 7), .faint: (0x6C6C6C, 8), .border: (0x5F6B75, 8), .focus: (0x87AFD7, 6),
      .title: (0x87AFD7, 6), .key: (0x87AFD7, 6), .good: (0x5FAF5F, 2), .warning: (0xD7AF5F, 3),
      .critical: (0xFF5F5F, 1), .user: (0x5FAF87, 2), .system: (0xD7875F, 3), .iowait: (0x5F87D7, 12),
      .steal: (0xD787AF, 13), .memory: (0x87AF87, 2), .cache: (0x5F8787, 6), .swap: (0xD7875F, 3), .gpu: (0xAF87D7, 5),
      .vram: (0x8787AF, 12), .pressure: (0xD7AF5F, 3), .cursor: (0xD7AF5F, 3), .selection: (0x87AFD7, 6),
    ],
    gradients: [
      .load: ([0x4F7F7F, 0x5FAFAF, 0x87D7D7], [6, 6, 14]),
      .gpu: ([0x6F5F9F, 0x9F7FCF, 0xCFA5F0], [5, 5, 13]),
      .memory: ([0x5F875F, 0x87AF87, 0xA5D7A5], [2, 2, 10]),
      .read: ([0x47809F, 0x5FAFD7, 0x87D7FF], [6, 6, 14]),
      .write: ([0x9F5F7F, 0xD787AF, 0xFFAFD7], [5, 5, 13]),
      .fullness: ([0x5F8787, 0x5FAF87, 0x5FAF5F, 0xAFAF5F, 0xD7AF5F, 0xD7875F, 0xFF5F5F], [6, 2, 2, 3, 3, 1]),
    ])

  /// Saturated colors, for dark backgrounds.
  static let vivid = Theme(
    "vivid", "bright colors for a dark background",
    colors: [
      .muted: (0x9AA5B1, 7), .faint: (0x5C6773, 8), .border: (0x3F4B5B, 8), .focus: (0x39BAE6, 14),
      .title: (0x39BAE6, 14), .key: (0xFFB454, 11), .good: (0x7FD962, 10), .warning: (0xFFB454, 11),
      .critical: (0xFF3B30, 9), .user: (0x2ECC71, 10), .system: (0xFF8F40, 11), .iowait: (0x3B82F6, 12),
      .steal: (0xFF7BC8, 13), .memory: (0x2ECC71, 10), .cache: (0x1ABC9C, 6), .swap: (0xFF8F40, 11),
      .gpu: (0xC678FF, 13), .vram: (0x7C83FF, 12), .pressure: (0xFFD23F, 11), .cursor: (0xFFD23F, 11),
      .selection: (0x39BAE6, 14),
    ],
    gradients: [
      .load: ([0x0F8F85, 0x17C3B2, 0x7FF5E8], [6, 14, 14]),
      .gpu: ([0x5B3FD9, 0xA45BFF, 0xFF7BF0], [5, 13, 13]),
      .memory: ([0x0E8F5B, 0x2ECC71, 0xA8F08A], [2, 10, 10]),
      .read: ([0x1463C7, 0x22A7F0, 0x5FF0FF], [6, 14, 14]),
      .write: ([0x9F1F7F, 0xFF4FA0, 0xFFA5D0], [5, 13, 13]),
      .fullness: ([0x17C3B2, 0x2ECC71, 0xB5E550, 0xFFD23F, 0xFF8F40, 0xFF3B30], [14, 10, 10, 11, 11, 9]),
    ])

  /// Blue to yellow: separates calm from alarming without red and green (after Okabe and Ito, and the cividis scale).
  static let colorblind = Theme(
    "colorblind", "blue to yellow, for red-green color blindness",
    colors: [
      .muted: (0x9E9E9E, 7), .faint: (0x6C6C6C, 8), .border: (0x5F6B75, 8), .focus: (0x56B4E9, 14),
      .title: (0x56B4E9, 14), .key: (0xF0E442, 11), .good: (0x56B4E9, 14), .warning: (0xE69F00, 3),
      .critical: (0xF0E442, 11), .user: (0x56B4E9, 14), .system: (0xE69F00, 3), .iowait: (0x0072B2, 12),
      .steal: (0xF0E442, 11), .memory: (0x56B4E9, 14), .cache: (0x0072B2, 12), .swap: (0xE69F00, 3),
      .gpu: (0xCC79A7, 13), .vram: (0x8F8FBF, 12), .pressure: (0xE69F00, 3), .cursor: (0xF0E442, 11),
      .selection: (0x56B4E9, 14),
    ],
    gradients: [
      .load: ([0x1F5F8F, 0x56B4E9, 0xA5D9F5], [12, 14]),
      .gpu: ([0x7F4F6F, 0xCC79A7, 0xEFB5D5], [5, 13, 13]),
      .memory: ([0x1F5F8F, 0x56B4E9, 0xA5D9F5], [12, 14]),
      .read: ([0x1F5F8F, 0x56B4E9, 0xA5D9F5], [12, 14]),
      .write: ([0x9F6F00, 0xE69F00, 0xFFD27F], [3, 3, 11]),
      .fullness: ([0x2F6FA5, 0x56B4E9, 0x9FB3A5, 0xC9B458, 0xE69F00, 0xF0E442], [12, 14, 3, 11]),
    ])

  /// Dark colors, for light backgrounds.
  static let light = Theme(
    "light", "dark colors for a light background",
    colors: [
      .muted: (0x626262, 8), .faint: (0x9E9E9E, 7), .border: (0xA8A8A8, 7), .focus: (0x005FAF, 4),
      .title: (0x005FAF, 4), .key: (0x875F00, 5), .good: (0x008700, 2), .warning: (0xAF5F00, 3),
      .critical: (0xD70000, 1), .user: (0x00875F, 2), .system: (0xAF5F00, 3), .iowait: (0x005FD7, 4),
      .steal: (0xAF005F, 5), .memory: (0x00875F, 2), .cache: (0x008787, 6), .swap: (0xAF5F00, 3), .gpu: (0x8700AF, 5),
      .vram: (0x5F5FAF, 4), .pressure: (0xAF5F00, 3), .cursor: (0xD75F00, 1), .selection: (0x005FAF, 4),
    ],
    gradients: [
      .load: ([0x5F9F9F, 0x008787, 0x005F5F], [6]),
      .gpu: ([0xAF87D7, 0x8700AF, 0x5F0087], [5]),
      .memory: ([0x5FAF87, 0x00875F, 0x005F3F], [2]),
      .read: ([0x5FAFD7, 0x0087AF, 0x005F87], [6]),
      .write: ([0xD787AF, 0xAF005F, 0x87005F], [5]),
      .fullness: ([0x5F8787, 0x00875F, 0x5F8700, 0x878700, 0xAF8700, 0xD75F00, 0xD70000], [6, 2, 2, 3, 3, 1]),
    ])

  /// Grays, and one color for alarms.
  static let grey = Theme(
    "grey", "grays, and red for alarms",
    colors: [
      .muted: (0x8A8A8A, 7), .faint: (0x5F5F5F, 8), .border: (0x5F5F5F, 8), .focus: (0xD0D0D0, 15),
      .title: (0xC6C6C6, 15), .key: (0xD0D0D0, 15), .good: (0xBCBCBC, 7), .warning: (0xD7AF87, 3),
      .critical: (0xFF5F5F, 1), .user: (0xBCBCBC, 7), .system: (0x8A8A8A, 7), .iowait: (0x6C6C6C, 8),
      .steal: (0xD7AF87, 3), .memory: (0xBCBCBC, 7), .cache: (0x767676, 8), .swap: (0x9E9E9E, 7), .gpu: (0xBCBCBC, 7),
      .vram: (0x9E9E9E, 7), .pressure: (0xBCBCBC, 7), .cursor: (0xFFFFFF, 15), .selection: (0xD0D0D0, 15),
    ],
    gradients: [
      .load: ([0x6C6C6C, 0x9E9E9E, 0xC6C6C6, 0xE4E4E4], [8, 7, 7, 15]),
      .gpu: ([0x767676, 0xBCBCBC], [8, 7]),
      .memory: ([0x767676, 0xBCBCBC], [8, 7]),
      .read: ([0x767676, 0xBCBCBC], [8, 7]),
      .write: ([0x767676, 0xA8A8A8], [8, 7]),
      .fullness: ([0x6C6C6C, 0x9E9E9E, 0xC6C6C6, 0xE4E4E4, 0xFF8787], [8, 7, 7, 15, 1]),
    ])
}
