internal import AgentMetrics
internal import Alerts

extension Route {
  static let alerts = Route(
    path: "/alerts", summary: "The rules of alerts, and the alerts that are pending or firing",
    contents: [.json(JSONSchema(AlertList.table))]
  ) { (api, _) throws(APIError) in
    .json(JSONWriter.bytes(AlertList(api.settings.alerts), AlertList.table))
  }
}

/// The body of `/alerts`.
private struct AlertList: MetricGroup {
  struct Rule: MetricGroup {
    var name = ""
    var text = ""
    var hold = Double.nan

    static let table = Table<Rule>([
      .text("alert", "Name of the rule", \.name),
      .text("rule", "Condition", \.text),
      .gauge("for_seconds", .seconds, "Time for which the condition must hold", \.hold).whole.required,
    ])
  }

  var rules: [Rule] = []
  var alerts: [Alert] = []

  init() {}

  init(_ board: AlertBoard?) {
    guard let board else { return }
    rules = board.rules.map { rule in
      var row = Rule()
      (row.name, row.text, row.hold) = (rule.name, rule.text, rule.hold)
      return row
    }
    alerts = board.alerts
  }

  static let table = Table<AlertList>([
    .list("rules", keys: [], Rule.table, \.rules),
    .list("alerts", keys: [], Alert.table, \.alerts),
  ])
}
