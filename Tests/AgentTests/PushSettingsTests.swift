import ArgumentParser
import Sinks
import TestSupport
import Testing

@testable import agent

@Suite struct PushSettingsTests {
  private func targets(_ arguments: [String], _ environment: [String: String] = [:]) throws -> [PushTarget] {
    try values(of: PushSettings.self, arguments, environment).targets(hostName: "box")
  }

  @Test("No samples are pushed by default")
  func none() throws {
    #expect(try targets([]).isEmpty)
    #expect(try targets([], ["PUSH_URL": ""]).isEmpty)
  }

  @Test("A flag overrides its variable; labels identify machine and job")
  func one() throws {
    let target = try #require(try targets(["--push", "http://a:9090"], ["PUSH_URL": "http://b"]).first)
    #expect(target.url.description == "http://a:9090/api/v1/write")
    #expect(target.kind.name == "remote-write")
    #expect(target.credentials == .none)
    #expect(target.labels.map { "\($0.name)=\($0.value)" } == ["instance=box", "job=agent"])
    #expect(
      try targets([], ["PUSH_URL": "http://a https://b/x"]).map(\.url.description) == [
        "http://a/api/v1/write", "https://b/x",
      ])
  }

  @Test("One option is for all receivers, several are for each in turn")
  func several() throws {
    let folder = try TemporaryFolder()
    try folder.write("ca.pem", TestAuthority.certificate)
    let targets = try targets([
      "--push", "http://a", "--push", "http://b", "--push-protocol", "otlp", "--push-token-file", "/x",
      "--push-token-file", "/y", "--push-label", "job=mine", "--push-label", "zone=z", "--push-header", "X-A: b",
      "--push-ca-file", folder.file("ca.pem"),
    ])
    #expect(targets.map(\.url.target) == ["/v1/metrics", "/v1/metrics"])
    #expect(targets.map(\.credentials) == [.bearer(tokenFile: "/x"), .bearer(tokenFile: "/y")])
    #expect(targets.map(\.authorities) == [folder.file("ca.pem"), folder.file("ca.pem")])
    #expect(targets[1].labels.map { "\($0.name)=\($0.value)" } == ["job=mine", "zone=z", "instance=box"])
    #expect(targets[1].headers.map(\.name) == ["X-A"])
    #expect(
      try self.targets(["--push", "http://a", "--push-username", "u", "--push-password-file", "/p"]).map(\.credentials)
        == [.basic(username: "u", passwordFile: "/p")])
  }

  @Test(
    "Invalid values are reported with their option",
    arguments: [
      (["--push", "a:9090"], "--push"), (["--push", "http://u:p@a"], "--push"),
      (["--push", "http://a", "--push", "http://a/"], "--push"),
      (["--push", "http://a", "--push-protocol", "graphite"], "--push-protocol"),
      (["--push", "http://a", "--push-label", "a-b=c"], "--push-label"),
      (["--push", "http://a", "--push-label", "a=b", "--push-label", "a=c"], "--push-label"),
      (["--push", "http://a", "--push-header", "Host: b"], "--push-header"),
      (["--push", "http://a", "--push-username", "u"], "--push-username"),
      (["--push", "http://a", "--push-password-file", "f"], "--push-password-file"),
      (
        ["--push", "http://a", "--push-username", "u", "--push-password-file", "f", "--push-token-file", "t"],
        "--push-token-file"
      ),
      (["--push", "http://a", "--push-token-file", "t", "--push-token-file", "u"], "--push-token-file"),
      (["--push-label", "a=b"], "--push-label"),
    ])
  func mistakes(_ arguments: [String], _ name: String) {
    #expect { try targets(arguments) } throws: { ($0 as? SettingError)?.name == name }
  }
}
