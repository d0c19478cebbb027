import Archive
import Testing

@testable import agent

@Suite struct ArchiveConfigurationTests {
  private func configuration(
    _ flags: Configuration.Flags = .init(), _ variables: [String: String] = [:]
  ) throws(Configuration.ValidationError) -> Configuration {
    try Configuration(flags: flags, environment: { variables[$0] })
  }

  @Test func samplesAreStoredOnlyOnRequest() throws {
    let configuration = try configuration()
    #expect(configuration.database == nil && configuration.retention == Retention())
    #expect(configuration.databaseSize == 2 << 30)
  }

  @Test func aFlagWinsOverItsVariable() throws {
    let variables = ["DB_PATH": "/var/lib/a.db", "DB_RETENTION": "1d,2d,3d", "DB_MAX_SIZE": "500M"]
    let fromVariables = try configuration(.init(), variables)
    #expect(fromVariables.database == "/var/lib/a.db" && fromVariables.databaseSize == 500 << 20)
    #expect(fromVariables.retention.quarters == 3 * 86_400)
    let fromFlags = try configuration(
      .init(database: "b.db", retention: "1h,1d,1w", databaseSize: "3G"), variables)
    #expect(fromFlags.database == "b.db" && fromFlags.databaseSize == 3 << 30)
    #expect(fromFlags.retention.raw == 3_600)
  }

  @Test(arguments: [
    (Configuration.Flags(database: ""), "--db"), (.init(database: "/var/lib/"), "--db"),
    (.init(retention: "7d"), "--retention"), (.init(retention: "2y,90d,7d"), "--retention"),
    (.init(databaseSize: "1K"), "--db-max-size"), (.init(databaseSize: "lots"), "--db-max-size"),
  ])
  func mistakesNameTheFlag(flags: Configuration.Flags, name: String) {
    let mistake = #expect(throws: Configuration.ValidationError.self) { try configuration(flags) }
    #expect(mistake?.name == name)
  }
}
