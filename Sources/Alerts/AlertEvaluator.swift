package import AgentMetrics
internal import Query

/// An alert that began to fire, or that ended.
package struct AlertChange: Sendable, Hashable {
  package let alert: Alert
  /// False when it has ended.
  package let isFiring: Bool
  /// POSIX time of the sample.
  package let time: Double
  /// Name of the machine.
  package let host: String
  /// Whether it began with an earlier agent on this machine, which has reported it.
  package var isResumed = false
}

/// Evaluates rules on consecutive samples of one interval.
package struct AlertEvaluator {
  /// Seconds without the condition after which an alert ends, so that a value at the threshold does not flap.
  static let quiet = 60.0
  /// Maximum number of alerts at a time; further ones are ignored.
  static let maxAlerts = 200

  /// A series of a rule.
  private struct Key: Hashable {
    let rule: Int
    /// Place among the metrics of the rule.
    let metric: Int
    let labels: [String]
  }

  private struct State {
    var alert: Alert
    /// Boot times at which the condition began, and at which it held last.
    var began: Double
    var held: Double
    /// Boot time at which the series had a value last; NaN before that of an earlier agent's alert has one.
    var seen = Double.nan
    /// Whether it is of an earlier agent.
    var isResumed = false

    /// The alert at its end.
    func ended(_ now: Double) -> Alert {
      var alert = alert
      if seen != now { alert.summary += AlertText.vanished }
      return alert
    }
  }

  package private(set) var rules: [AlertRule]
  private var metrics: [[(metric: Catalog.Metric, isWhole: Bool)]]
  private var states: [Key: State] = [:]
  /// Values of the previous sample, for rules with `increases`.
  private var previous: [Key: Double] = [:]
  /// Firing alerts of rules that were removed; their end is reported with the next sample.
  private var orphans: [Alert] = []
  /// Alerts of an earlier agent whose series has no value yet: collectors may need some passes.
  private var resumed: [State] = []
  /// The newest sample that was evaluated.
  private var newest: (host: String, time: Double)?
  /// The last sample of an earlier agent, until the first one here.
  private var former: (host: String?, time: Double)?

  package init(_ rules: [AlertRule]) {
    self.rules = rules
    metrics = Self.metrics(of: rules)
  }

  private static func metrics(of rules: [AlertRule]) -> [[(metric: Catalog.Metric, isWhole: Bool)]] {
    rules.map { rule in
      rule.selector.metrics.compactMap { metric in
        switch rule.selector.match(metric) {
        case .all: (metric, true)
        case .some: (metric, false)
        case .none: nil
        }
      }
    }
  }

  /// Replaces the rules; alerts of rules that stay continue.
  package mutating func replace(_ rules: [AlertRule]) {
    guard rules != self.rules else { return }
    let old = self.rules
    func moved(_ key: Key) -> Key? {
      rules.firstIndex(of: old[key.rule]).map { Key(rule: $0, metric: key.metric, labels: key.labels) }
    }
    orphans += states.filter { $1.alert.phase == .firing && moved($0) == nil }.map(\.value.alert)
    // Those of an earlier agent are compared with the rules at each sample.
    states = Dictionary(states.compactMap { key, state in moved(key).map { ($0, state) } }) { first, _ in first }
    previous = Dictionary(previous.compactMap { key, value in moved(key).map { ($0, value) } }) { first, _ in first }
    self.rules = rules
    metrics = Self.metrics(of: rules)
  }

  /// Continues after the last stored sample of an earlier agent, so that its alerts end, and are not reported as new.
  package mutating func resume(after sample: Sample) {
    former = (sample.host.hostname, sample.timestamp.seconds)
    resumed = sample.alerts.prefix(Self.maxAlerts).map { alert in
      var alert = alert
      alert.value = .nan
      return State(alert: alert, began: .nan, held: .nan, isResumed: true)
    }
    for (index, rule) in rules.enumerated() where rule.condition == .increases {
      for (place, (metric, isWhole)) in metrics[index].enumerated() {
        for one in values(of: metric, rule, sample, isWhole: isWhole) {
          previous[Key(rule: index, metric: place, labels: one.labels)] = one.value
        }
      }
    }
  }

  /// Forgets the stored state of another machine; call it before a sample gets ``alerts``.
  package mutating func check(_ sample: Sample) {
    guard let former, former.host != sample.host.hostname || sample.host.isDemo else { return }
    (self.former, resumed, previous) = (nil, [], [:])
  }

  /// Sets the clocks of an earlier agent's alerts.
  private mutating func begin(_ sample: Sample, _ now: Double) {
    check(sample)
    guard let former else { return }
    self.former = nil
    let time = sample.timestamp.seconds
    // In a longer absence a condition may have ended and begun again.
    let isShort = abs(time - former.time) <= Self.quiet
    resumed = resumed.compactMap { state in
      guard state.alert.phase == .firing || isShort else { return nil }
      let since = state.alert.since
      return State(alert: state.alert, began: time > since ? now - (time - since) : now, held: now, isResumed: true)
    }
  }

  /// Identifies a series among those of its rule: its labels, after its metric where the rule has several.
  private func target(_ key: Key, _ metric: Catalog.Metric) -> String {
    ((metrics[key.rule].count == 1 ? [] : [metric.id]) + key.labels).joined(separator: ",")
  }

  /// Continues an earlier agent's alert for the series that has its value.
  private mutating func adopt(_ key: Key, _ rule: AlertRule, _ metric: Catalog.Metric) {
    guard states[key] == nil else { return }
    let target = target(key, metric)
    // The targets of earlier versions did not name the metric.
    let labels = key.labels.joined(separator: ",")
    let index =
      resumed.firstIndex { $0.alert.isOf(rule) && $0.alert.target == target }
      ?? resumed.firstIndex {
        $0.alert.isOf(rule) && $0.alert.target == labels && AlertText.isSummary($0.alert.summary, of: metric)
      }
    guard let index else { return }
    states[key] = resumed.remove(at: index)
    states[key]?.alert.target = target
    // An earlier version has stored some twice; the end of the other would be that of this one.
    resumed.removeAll { $0.alert.isOf(rule) && $0.alert.target == target }
  }

  /// Removes an earlier agent's alerts that meet a condition; returns the firing ones.
  private mutating func takeResumed(where isOver: (State) -> Bool) -> [State] {
    guard !resumed.isEmpty else { return [] }
    let over = resumed.filter(isOver)
    resumed.removeAll(where: isOver)
    return over.filter { $0.alert.phase == .firing }
  }

  /// Evaluates the rules on the next sample.
  ///
  /// - Returns: the alerts that ended and those that began to fire.
  package mutating func evaluate(_ sample: Sample) -> [AlertChange] {
    let now = sample.boottime.isFinite ? sample.boottime : sample.timestamp.seconds
    let host = sample.host.hostname ?? ""
    newest = (host, sample.timestamp.seconds)
    begin(sample, now)
    orphans += takeResumed { [rules] state in !rules.contains { state.alert.isOf($0) } }.map(\.alert)
    var changes = orphans.map {
      AlertChange(alert: $0, isFiring: false, time: sample.timestamp.seconds, host: host)
    }
    orphans = []
    for (index, rule) in rules.enumerated() {
      var newest: [Key: Double] = [:]
      for (place, (metric, isWhole)) in metrics[index].enumerated() {
        for one in values(of: metric, rule, sample, isWhole: isWhole) {
          let key = Key(rule: index, metric: place, labels: one.labels)
          if !resumed.isEmpty { adopt(key, rule, metric) }
          if holds(rule, one, after: rule.condition == .increases ? previous[key] : nil) {
            raise(key, rule, metric, one, in: sample, now)
          } else if states[key] != nil {
            states[key]?.alert.value = one.value
            states[key]?.seen = now
            states[key]?.alert.summary = Self.summary(rule, metric, one, in: sample, holds: false)
          }
          if rule.condition == .increases { newest[key] = one.value }
        }
      }
      if rule.condition == .increases {
        previous = previous.filter { $0.key.rule != index }.merging(newest) { _, new in new }
      }
      for (key, state) in states where key.rule == index {
        if state.alert.phase == .pending {
          if state.held < now {
            states[key] = nil
          } else if now - state.began >= rule.hold {
            states[key]?.alert.phase = .firing
            changes +=
              states[key].map {
                [AlertChange(alert: $0.alert, isFiring: true, time: sample.timestamp.seconds, host: host)]
              } ?? []
          }
        } else if now - state.held >= Self.quiet {
          states[key] = nil
          changes.append(
            AlertChange(alert: state.ended(now), isFiring: false, time: sample.timestamp.seconds, host: host))
        }
      }
    }
    // A pending alert needs its condition at each sample.
    changes += takeResumed { $0.alert.phase == .pending || now - $0.held >= Self.quiet }.map {
      AlertChange(alert: $0.ended(now), isFiring: false, time: sample.timestamp.seconds, host: host)
    }
    return changes
  }

  /// The current alerts: firing ones first, each kind by the order of the rules and their targets.
  package var alerts: [Alert] { current.map(\.alert) }

  private var current: [State] {
    let known = states.sorted { left, right in
      let (a, b) = (left.value.alert.phase == .firing, right.value.alert.phase == .firing)
      if a != b { return a }
      return left.key.rule == right.key.rule
        ? left.value.alert.target < right.value.alert.target : left.key.rule < right.key.rule
    }.map(\.value)
    guard !resumed.isEmpty else { return known }
    let all = resumed + known
    return all.filter { $0.alert.phase == .firing } + all.filter { $0.alert.phase != .firing }
  }

  /// The firing alerts, silenced ones too, as changes of the newest sample; none before the first one, with which an
  /// earlier agent's alerts may turn out to be another machine's.
  package var firing: [AlertChange] {
    guard let newest else { return [] }
    return current.filter { $0.alert.phase == .firing }.map {
      AlertChange(
        alert: $0.alert, isFiring: true, time: newest.time, host: newest.host, isResumed: $0.isResumed)
    }
  }

  /// Silences all firing alerts until they end, or ends their silence.
  package mutating func setSilenced(_ isSilenced: Bool) {
    for key in Array(states.keys) where states[key]?.alert.phase == .firing {
      states[key]?.alert.isSilenced = isSilenced
    }
    for index in resumed.indices where resumed[index].alert.phase == .firing {
      resumed[index].alert.isSilenced = isSilenced
    }
  }

  /// The value of a series in the unit of the JSON, and the value of the metric that it is compared with.
  private struct SeriesValue {
    let labels: [String]
    let value: Double
    let limit: Double
  }

  private mutating func raise(
    _ key: Key, _ rule: AlertRule, _ metric: Catalog.Metric, _ one: SeriesValue, in sample: Sample, _ now: Double
  ) {
    var state: State
    if let known = states[key] {
      state = known
    } else {
      guard states.count + resumed.count < Self.maxAlerts else { return }
      var alert = Alert()
      alert.name = rule.name
      alert.rule = rule.text
      alert.target = target(key, metric)
      alert.since = sample.timestamp.seconds
      state = State(alert: alert, began: now, held: now)
    }
    state.held = now
    state.seen = now
    state.alert.value = one.value
    state.alert.summary = Self.summary(rule, metric, one, in: sample, holds: true)
    states[key] = state
  }

  private static func summary(
    _ rule: AlertRule, _ metric: Catalog.Metric, _ one: SeriesValue, in sample: Sample, holds: Bool
  ) -> String {
    AlertText.summary(
      metric, shown(one.labels, of: metric, sample), one.value, rule, limit: one.limit, holds: holds)
  }

  /// The labels in a summary: a process is known by its name, a workload by its id, which begins with its kind.
  private static func shown(_ labels: [String], of metric: Catalog.Metric, _ sample: Sample) -> [String] {
    if metric.lists == ["workloads.top"], labels.count == 2, labels[0].hasPrefix(labels[1] + ":") { return [labels[0]] }
    guard metric.lists == ["processes.top"],
      let process = sample.processes?.top.first(where: { labels == [String($0.pid)] }), !process.name.isEmpty
    else { return labels }
    return [process.name + " (" + String(process.pid) + ")"]
  }

  private func holds(_ rule: AlertRule, _ one: SeriesValue, after previous: Double?) -> Bool {
    switch rule.condition {
    case .number(let comparison, let limit): comparison.holds(one.value, limit)
    case .metric(let comparison, _): comparison.holds(one.value, one.limit)
    case .increases: previous.map { one.value > $0 } ?? false
    }
  }

  /// The selected series of a metric.
  private func values(
    of metric: Catalog.Metric, _ rule: AlertRule, _ sample: Sample, isWhole: Bool
  ) -> [SeriesValue] {
    var limits: [[String]: Double] = [:]
    if case .metric(_, let id) = rule.condition, let other = Catalog.shared[id] {
      other.values(in: sample) { limits[$0] = $1 / other.definition.unit.factor }
    }
    let readOnly = Self.readOnlyMounts(metric, rule, sample)
    var values: [SeriesValue] = []
    metric.values(in: sample) { labels, base in
      guard isWhole || rule.selector.matches(key: metric.key(labels)) else { return }
      guard readOnly.isEmpty || !readOnly.contains(labels) else { return }
      let limit = limits.isEmpty ? nil : limits[labels]
      values.append(
        SeriesValue(labels: labels, value: base / metric.definition.unit.factor, limit: limit ?? .nan))
    }
    return values
  }

  /// Labels of read-only filesystems, which an image fills by its nature; none where the rule names its series.
  private static func readOnlyMounts(_ metric: Catalog.Metric, _ rule: AlertRule, _ sample: Sample) -> Set<[String]> {
    guard metric.lists == ["filesystems"], !rule.selector.text.contains("{") else { return [] }
    return Set(sample.filesystems.filter(\.isReadOnly).map { [$0.mountpoint] })
  }
}

extension Alert {
  /// Whether a rule of this name and text made it.
  fileprivate func isOf(_ other: AlertRule) -> Bool { name == other.name && rule == other.text }
}
