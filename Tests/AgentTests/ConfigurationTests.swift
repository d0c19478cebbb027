import Logging
import SystemIO
import Testing

@testable import agent

@Suite struct ConfigurationTests {
  private func configuration(
    _ flags: Configuration.Flags = .init(), _ variables: [String: String] = [:]
  ) throws -> Configuration {
    try Configuration(flags: flags, environment: { variables[$0] })
  }

  private func configuration(_ variables: [String: String]) throws -> Configuration {
    try configuration(.init(), variables)
  }

  @Test func defaults() throws {
    let plain = try configuration()
    #expect(plain.port == 8080 && plain.host == "127.0.0.1" && plain.interval == 30 && plain.historySize == 720)
  }

  @Test func flagOverVariableOverDefault() throws {
    let variables = [
      "PORT": "9000", "INTERVAL_SEC": "5", "HISTORY_SIZE": "10", "HOST": "0.0.0.0", "LOG_LEVEL": "debug",
    ]
    let fromVariables = try configuration(variables)
    #expect(fromVariables.port == 9000 && fromVariables.interval == 5 && fromVariables.historySize == 10)
    #expect(fromVariables.host == "0.0.0.0" && fromVariables.logLevel == .debug)
    let flags = Configuration.Flags(port: "0", host: "::1", interval: "7", history: "1", logLevel: "error")
    let fromFlags = try configuration(flags, variables)
    #expect(fromFlags.port == 0 && fromFlags.interval == 7 && fromFlags.historySize == 1)
    #expect(fromFlags.host == "::1" && fromFlags.logLevel == .error)
  }

  @Test func anEmptyVariableIsNotSet() throws {
    #expect(try configuration(["PORT": "", "HOST": ""]) == configuration())
  }

  @Test(arguments: ["-1", "65536", "80.5", "http", " 80", "+80", "0x50", "99999999999999999999", "８０"])
  func badPorts(value: String) {
    let mistake = Configuration.ValidationError(name: "PORT", value: value, allowed: "a whole number from 0 to 65535")
    #expect(throws: mistake) { try configuration(["PORT": value]) }
    #expect(throws: Configuration.ValidationError.self) { try configuration(.init(port: value), ["PORT": "80"]) }
  }

  @Test func mistakesNameFlagValueAndRange() {
    let text = (#expect(throws: Configuration.ValidationError.self) { try configuration(.init(interval: "0")) })?
      .description
    #expect(text == "--interval: \"0\" is not allowed; allowed is a whole number of seconds from 1 to 86400")
    #expect(throws: Configuration.ValidationError.self) { try configuration(.init(port: "")) }
    #expect(throws: Configuration.ValidationError.self) { try configuration(["HISTORY_SIZE": "0"]) }
    #expect(throws: Configuration.ValidationError.self) { try configuration(["LOG_LEVEL": "loud"]) }
    #expect(throws: Configuration.ValidationError.self) { try configuration(.init(host: "two words")) }
  }

  @Test func accessSettings() throws {
    let path = "/tmp/agent-token-\(UInt64.random(in: 0 ... .max))"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    #expect(StandardStreams.write("  s3cret-t0ken \nsecond line\n", to: descriptor))
    close(descriptor)
    defer { unlink(path) }
    #expect(try configuration().currentToken { _ in }() == nil)
    #expect(try configuration(.init(tokenFile: path)).currentToken { _ in }() == "s3cret-t0ken")
    #expect(try configuration(["TOKEN_FILE": path]).token == "s3cret-t0ken")
    for wrong in ["/nowhere", "/dev/null", "/"] {
      #expect(throws: Configuration.ValidationError.self) { try configuration(.init(tokenFile: wrong)) }
    }
  }

  @Test func originsAndHosts() throws {
    let origins = ["https://grafana.example.org", "http://localhost:3000", "http://[::1]:8080", "moz-extension://a-b"]
    #expect(try configuration(.init(corsOrigins: origins)).corsOrigins == origins)
    #expect(
      try configuration(["CORS_ORIGIN": "https://a.example, http://b:1"]).corsOrigins == [
        "https://a.example", "http://b:1",
      ])
    for wrong in [
      "*", "null", "", "https://", "https://a.example/", "https://A.example", "a.example", "https://a b", "//a",
    ] {
      #expect(throws: Configuration.ValidationError.self, "\(wrong)") { try configuration(.init(corsOrigins: [wrong])) }
    }
    #expect(try configuration(.init(allowedHosts: ["Mon.example", "x_1-y"])).allowedHosts == ["Mon.example", "x_1-y"])
    #expect(try configuration(["ALLOWED_HOST": "a,b.example"]).allowedHosts == ["a", "b.example"])
    for wrong in ["", "a:80", "a/b", "ä.example", "[::1]", "*"] {
      #expect(throws: Configuration.ValidationError.self, "\(wrong)") {
        try configuration(.init(allowedHosts: [wrong]))
      }
    }
  }
}

@Suite struct ConnectOptionsTests {
  @Test func linesOfAHostsFile() {
    let lines = ConnectOptions.lines(
      of: "# workers\nhttp://a:8080\n\n  https://b.example/  the big one # rack 2\nc:9000\r\n#http://d\n")
    #expect(
      lines == [
        .init(url: "http://a:8080", name: "a"), .init(url: "https://b.example/", name: "the big one"),
        .init(url: "c:9000", name: "c:9000"),
      ])
  }
}
