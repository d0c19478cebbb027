internal import AgentMetrics

extension PanelDescriptor {
  static let temperature = PanelDescriptor(
    id: "temperature", name: "Temperature", title: "TEMPERATURES", catalog: ["temperatures.", "fans.", "powers."],
    sources: ["sensors"], places: [.overview: PanelPlace(2, 1), .io: PanelPlace(1, 1)],
    widePlaces: [.overview: PanelPlace(2, 2)]
  ) { TemperaturePanel($0) }
}

/// Temperature sensors, the hottest first.
struct TemperaturePanel: Panel {
  private static let gap = 3

  private let sensors: [Temperature]
  private let context: Context
  private var glyphs: Glyphs { context.glyphs }

  init?(_ context: Context) {
    self.context = context
    sensors = context.sample.temperatures.filter { $0.celsius.isFinite }.enumerated().sorted { left, right in
      let (a, b) = (left.element.celsius.rounded(), right.element.celsius.rounded())
      return a == b ? left.offset < right.offset : a > b
    }.map(\.element)
    if sensors.isEmpty { return nil }
  }

  /// Power of the whole machine: the largest of its meters, in watts.
  private var power: String {
    let watts = context.sample.powers.filter { $0.watts.isFinite }.map(\.watts).max() ?? .nan
    return watts.isFinite ? String(TextFormat.whole(watts)) + " W" : ""
  }

  private func columns(_ width: Int) -> Int { width >= 56 && sensors.count > 3 ? 2 : 1 }

  func height(width: Int) -> Height {
    let rows = (sensors.count + columns(width) - 1) / columns(width)
    return Height(minimum: 1, comfortable: 1 + min(rows, 5), maximum: 1 + rows)
  }

  func draw(on grid: inout Grid, in rect: Rect) {
    guard rect.height > 1 else { return drawHottest(on: &grid, in: rect) }
    var rest = rect
    let columns = columns(rect.width)
    let rows = min(rect.height - 1, (sensors.count + columns - 1) / columns)
    let window = context.window(sensors, count: max(0, rows) * columns, in: .temperature)
    let shown = window.rows
    PanelTitle(name: context.title(.temperature), more: window.hidden, right: power)
      .draw(on: &grid, in: rest.takeTop(1), glyphs)
    let width = (rest.width - Self.gap * (columns - 1)) / columns
    let texts = shown.map { String(TextFormat.whole($0.celsius)) + " " + glyphs.celsius }
    let textWidth = texts.map { Grid.columns(of: $0) }.max() ?? 0
    for (index, sensor) in shown.enumerated() {
      let column = index / max(1, rows)
      let x = rest.x + column * (width + Self.gap)
      let y = rest.y + index % max(1, rows)
      // The last column takes the remainder of the division.
      let right = column == columns - 1 ? rest.right : x + width
      grid.putRight(texts[index], end: right, y: y, style(sensor))
      let limit = right - textWidth - 1
      let end = grid.putShortened(sensor.sensor, x: x, y: y, limit: limit - x)
      grid.putShortened(sensor.chip, x: end + 2, y: y, .muted, limit: limit - end - 2)
    }
  }

  /// Draws the hottest sensor beside the title, if there is only that line.
  private func drawHottest(on grid: inout Grid, in rect: Rect) {
    let window = context.window(sensors, count: 1, in: .temperature)
    PanelTitle(name: context.title(.temperature), more: window.hidden)
      .draw(on: &grid, in: rect, glyphs)
    let shown = window.rows[0]
    let text = String(TextFormat.whole(shown.celsius)) + " " + glyphs.celsius
    let width = Grid.columns(of: shown.sensor) + 1 + Grid.columns(of: text)
    let start = rect.right - min(width, rect.width / 2)
    grid.fill(" ", x: start - 1, y: rect.y, count: rect.right - start + 1)
    grid.putRight(text, end: rect.right, y: rect.y, style(shown))
    let limit = rect.right - Grid.columns(of: text) - 1
    grid.putShortened(shown.sensor, x: start, y: rect.y, .muted, limit: limit - start)
  }

  /// Style by the sensor's own thresholds, if any.
  private func style(_ sensor: Temperature) -> Style {
    if sensor.critical.isFinite, sensor.celsius >= sensor.critical - 5 { return .critical }
    if sensor.high.isFinite, sensor.celsius >= sensor.high { return .warning }
    return sensor.critical.isFinite || sensor.high.isFinite ? .plain : .temperature(sensor.celsius)
  }
}
