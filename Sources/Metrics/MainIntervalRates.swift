extension Sample {
  /// Creates a scrape's sample: the levels of a Reading with the rates of the last main interval.
  ///
  /// Rates over the time since another client's reading would depend on other readers.
  ///
  /// - Parameter interval: the main track's newest sample; nil before the first one, when no rate is known.
  package init(levelsOf current: Reading, ratesOf interval: Sample?) {
    self.init(from: nil, to: current)
    guard let interval else { return }
    elapsed = interval.elapsed
    alerts = interval.alerts
    events = interval.events
    Sample.table.takeRates(from: interval, into: &self)
  }
}
