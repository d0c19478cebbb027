extension Route {
  /// All resources; the one place where they are listed.
  static let all: [Route] =
    [.health, .latest, .history, .at, .stream, .processes, .prometheus, .catalog, .pushStatus, .version, .openAPI]
    + webPage
}
