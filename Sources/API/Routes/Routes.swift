extension Route {
  /// All resources, listed only here.
  static let all: [Route] =
    [
      .health, .latest, .history, .at, .stream, .processes, .processMemory, .workloads, .culprits, .compare, .waste,
      .alerts, .why,
      .events, .prometheus, .catalog, .pushStatus, .version, .openAPI,
    ]
    + webPage
}
