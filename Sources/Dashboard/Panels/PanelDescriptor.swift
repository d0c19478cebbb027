internal import AgentMetrics

/// A panel as a value: names, metrics, places in the layouts, and drawing.
///
/// Each panel's file declares its descriptor; ``all`` is the only list of panels.
struct PanelDescriptor: Sendable {
  /// Word in the config file.
  let id: String
  /// Name in sentences.
  let name: String
  /// Title over the panel.
  let title: String
  /// Prefixes of the catalog ids in its explanation.
  let catalog: [String]
  /// Collectors of its metrics, as `agent.sources` names them.
  let sources: [String]
  /// Values drawn over time; history fetches their metrics.
  var graphs: [GraphMetric] = []
  /// Metrics shown as label and value.
  var facts: [PanelFact] = []
  /// Place in each layout that shows it.
  let places: [LayoutPreset: PanelPlace]
  /// Places on wide screens that differ from ``places``.
  var widePlaces: [LayoutPreset: PanelPlace] = [:]
  /// Whether layouts show it only on wide or high screens.
  var needsLargeScreen = false
  /// Creates the panel; nil if the sample has none of its metrics.
  let make: @Sendable (Context) -> (any Panel)?

  /// All panels in the order of the digits that show and hide them.
  static let all: [PanelDescriptor] = [
    .cpu, .memory, .gpu, .disk, .network, .pressure, .temperature, .processes, .agent,
  ]

  /// Digit that shows and hides the panel.
  var digit: Int { (Self.all.firstIndex(of: self) ?? 0) + 1 }

  /// The key of ``digit``.
  var key: KeyPress { .character(Unicode.Scalar(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))) }

  /// The panel `count` places further in the list, which wraps around.
  func step(_ count: Int) -> PanelDescriptor {
    Self.all[(digit - 1 + count + Self.all.count) % Self.all.count]
  }
}

extension PanelDescriptor: Hashable {
  static func == (left: PanelDescriptor, right: PanelDescriptor) -> Bool { left.id == right.id }

  func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// Position in a layout; panels of one column are stacked in the order of ``PanelDescriptor/all``.
struct PanelPlace: Sendable {
  /// Counted from the top.
  let band: Int
  /// Counted from the left within the band.
  let column: Int

  init(_ band: Int, _ column: Int = 0) {
    self.band = band
    self.column = column
  }
}

/// A value drawn over time and the catalog metrics that it is computed from.
struct GraphMetric: Sendable {
  let metrics: [String]
  let value: @Sendable (borrowing Sample) -> Double

  init(_ metrics: String..., value: @escaping @Sendable (borrowing Sample) -> Double) {
    self.metrics = metrics
    self.value = value
  }
}

/// A metric without labels that is shown as label and value.
struct PanelFact: Sendable {
  let label: String
  let metric: String
  /// Whether a value of zero is omitted.
  var omitsZero = false

  init(_ label: String, _ metric: String, omitsZero: Bool = false) {
    self.label = label
    self.metric = metric
    self.omitsZero = omitsZero
  }
}

extension Context {
  /// Labels and values of the facts that the sample has.
  func facts(of panel: PanelDescriptor) -> [(label: String, text: String)] {
    panel.facts.compactMap { fact in
      guard let metric = Catalog.shared[fact.metric] else { return nil }
      let value = metric.value(in: sample)
      guard value.isFinite, value != 0 || !fact.omitsZero else { return nil }
      return (fact.label, TextFormat.value(value, metric.definition.unit, glyphs))
    }
  }

  /// A panel's title with the digit that shows and hides it.
  func title(_ panel: PanelDescriptor) -> String { glyphs.small(panel.digit) + panel.title }
}
