/// The texts of a Sample as Prometheus has them: series that are always 1 and tell what they tell in labels.
///
/// What names and describes goes together into one series for each part and each entry of a list, `agent_cpu_info{model}`,
/// `agent_gpus_info{index,vendor,model,…}`. What changes is a series of its own, `agent_networks_state{device,state}`, so
/// that a change ends no more than that.
public struct PrometheusInfo: Sendable {
  /// One family of series.
  public struct Family: Sendable {
    /// Its name.
    public let name: PrometheusName
    /// One line that says what it is.
    public let help: String
    /// Names of its labels besides those that tell its series apart: the texts.
    public let texts: [String]
  }

  /// Names of texts that change while what they describe stays the same.
  private static let states: Set<String> = ["state", "performance_state", "throttle_reasons"]
  /// Names of texts that may be anything, each time; the figures beside them say that something is wrong.
  private static let findings: Set<String> = ["error"]

  /// All families, in the catalog's order.
  public let families: [Family]
  /// By the path of the part or list, and there by the text's name: the family, and the text's place among its texts.
  private let places: [String: [String: (family: Int, text: Int)]]

  /// The families of a catalog.
  public init(_ catalog: Catalog) {
    struct Draft {
      var name: PrometheusName
      var help: String
      var texts: [String]
    }
    var drafts: [Draft] = []
    var places: [String: [String: (family: Int, text: Int)]] = [:]
    var infos: [String: Int] = [:]
    for metric in catalog.metrics {
      let text = metric.definition.name
      guard metric.isSeries, metric.definition.kind == .info, !metric.labels.contains(text),
        !Self.findings.contains(text), !PrometheusName.isCopy(metric.id)
      else { continue }
      let path = String(metric.id.dropLast(text.count + 1))
      let family = "agent_" + PrometheusName.underscored(path)
      let labels = PrometheusName.labels(of: metric)
      let place: Int
      if Self.states.contains(text) {
        place = drafts.count
        drafts.append(
          Draft(
            name: PrometheusName(
              family: family + "_" + text, sample: family + "_" + text, kind: .gauge, labels: labels),
            help: metric.definition.help, texts: []))
      } else if let known = infos[path] {
        place = known
        drafts[place].help += "; " + metric.definition.help
      } else {
        place = drafts.count
        infos[path] = place
        drafts.append(
          Draft(
            name: PrometheusName(family: family, sample: family + "_info", kind: .info, labels: labels),
            help: metric.definition.help, texts: []))
      }
      places[path, default: [:]][text] = (place, drafts[place].texts.count)
      drafts[place].texts.append(text)
    }
    families = drafts.map { Family(name: $0.name, help: $0.help, texts: $0.texts) }
    self.places = places
  }

  /// Those of a Sample.
  public static let shared = PrometheusInfo(.shared)

  /// Calls `body` for every series of a sample: its family's place in ``families``, the values of its keys and of its
  /// texts, empty where there is none.
  ///
  /// In the order of the sample, so that the series of a family may stand apart.
  public func values(
    in sample: Sample, _ body: (_ family: Int, _ keys: [String], _ texts: [String]) -> Void
  ) {
    let visitor = Visitor(self)
    Sample.table.visit(sample, visitor)
    for row in visitor.rows { body(row.family, row.keys, row.texts) }
  }

  private final class Visitor: FieldVisitor {
    private struct Level {
      let path: String
      let places: [String: (family: Int, text: Int)]
      let keys: Int
      /// This level's rows begin here.
      let start: Int
    }

    private let info: PrometheusInfo
    private(set) var rows: [(family: Int, keys: [String], texts: [String])] = []
    private var levels: [Level] = []
    private var keys: [String] = []
    private var lists: [String] = []

    init(_ info: PrometheusInfo) {
      self.info = info
    }

    func number(_ definition: Definition, _ value: Double) {}

    func flag(_ definition: Definition, _ value: Bool) {}

    func text(_ definition: Definition, _ value: String) {
      guard let level = levels.last, let place = level.places[definition.name] else { return }
      if let row = rows[level.start...].firstIndex(where: { $0.family == place.family && $0.keys == keys }) {
        rows[row].texts[place.text] = value
      } else {
        var texts = [String](repeating: "", count: info.families[place.family].texts.count)
        texts[place.text] = value
        rows.append((place.family, keys, texts))
      }
    }

    func enter(_ name: String) {
      push(levels.last.map { $0.path + "." + name } ?? name, keys: 0)
    }

    func leave() {
      guard let level = levels.popLast() else { return }
      keys.removeLast(level.keys)
    }

    func enterList(_ name: String) {
      lists.append(levels.last.map { $0.path + "." + name } ?? name)
    }

    func enterItem() {
      enterItem { [] }
    }

    func enterItem(_ labels: () -> [String]) {
      let values = labels()
      keys += values
      push(lists.last ?? "", keys: values.count)
    }

    func leaveList() {
      _ = lists.popLast()
    }

    private func push(_ path: String, keys: Int) {
      levels.append(Level(path: path, places: info.places[path] ?? [:], keys: keys, start: rows.count))
    }
  }
}
